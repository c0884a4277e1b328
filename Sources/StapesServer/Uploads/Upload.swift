import Hummingbird
import StapesAPI
import StapesAudio

/// A form with a file, as it was sent.
struct Upload {
    private(set) var fields = FormFields()
    private(set) var file: Spool?

    /// Reads a form from its first byte to its last; fields and the file may come in any order.
    ///
    /// - Throws: `APIError`'s codes for bodies.
    init(_ request: Request, scope: RequestScope, limits: ServerLimits, budget: SpoolBudget, directory: String)
        async throws
    {
        guard let type = request.headers[.contentType] else {
            throw APIError(.unsupportedMediaType, "The request has no Content-Type; send multipart/form-data.")
        }
        var parser = MultipartParser(boundary: try MultipartBoundary(contentType: type))
        try Self.check(request.headers[.contentLength].flatMap { Int($0) }, limits)
        try budget.beginUpload()
        defer { budget.endUpload() }
        var part = Part.none
        var byteCount = 0
        for try await chunk in request.body {
            byteCount += chunk.readableBytes
            try Self.check(byteCount, limits)
            for event in try parser.feed(Array(chunk.readableBytesView)) {
                try await take(event, &part) {
                    Spool(budget: budget, memoryLimit: limits.uploadMemoryBytes, directory: directory)
                }
            }
        }
        scope.bodyIsRead.store(true, ordering: .relaxed)
        try parser.finish()
    }

    /// The part of the form that is being read.
    private enum Part {
        case none
        case file(Spool)
        case field
    }

    private mutating func take(_ event: MultipartEvent, _ part: inout Part, _ makeSpool: () -> Spool) async throws {
        switch event {
        case .partBegan(let head):
            guard head.name != "file" else {
                part = .file(makeSpool())
                return
            }
            part = .field
            try fields.begin(head.name)
        case .data(let bytes):
            switch part {
            case .none: break
            case .file(let spool): try await spool.append(bytes)
            case .field: try fields.append(bytes)
            }
        case .partEnded:
            switch part {
            case .none: break
            case .file(let spool): file = spool
            case .field: try fields.end()
            }
            part = .none
        }
    }

    private static func check(_ byteCount: Int?, _ limits: ServerLimits) throws(APIError) {
        guard let byteCount, byteCount > limits.bodyBytes else { return }
        throw APIError(
            .bodyTooLarge, "Maximum content size limit (\(limits.bodyBytes)) exceeded (\(byteCount) bytes read)")
    }
}
