import Hummingbird

/// The page at `/`: takes a file or the microphone and shows the segments as they come.
enum Page {
    static var response: Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-cache",
                .contentSecurityPolicy:
                    "default-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self' ws: wss:",
            ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.index_html)))
    }
}
