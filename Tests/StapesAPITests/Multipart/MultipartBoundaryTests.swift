import StapesAPI
import Testing

@Suite("Multipart boundaries")
struct MultipartBoundaryTests {
    @Test(
        "A boundary is found in quotes or without, in any letter case, among other parameters",
        arguments: [
            ("multipart/form-data; boundary=abc", "abc"),
            ("Multipart/Form-Data;BOUNDARY=\"a b:c\"", "a b:c"),
            ("multipart/form-data ; charset=utf-8; boundary = ----WebKit ; x=y", "----WebKit"),
            ("multipart/form-data; boundary=" + String(repeating: "a", count: 70), String(repeating: "a", count: 70)),
        ])
    func found(contentType: String, text: String) throws {
        #expect(try MultipartBoundary(contentType: contentType).text == text)
    }

    @Test(
        "Another type, no boundary or an impossible one is not supported",
        arguments: [
            nil, "", "application/json", "multipart/mixed; boundary=a", "multipart/form-data",
            "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=ä",
            "multipart/form-data; boundary=" + String(repeating: "a", count: 71),
        ])
    func refused(contentType: String?) {
        let error = #expect(throws: APIError.self) { try MultipartBoundary(contentType: contentType) }
        #expect(error?.code == .unsupportedMediaType)
    }
}
