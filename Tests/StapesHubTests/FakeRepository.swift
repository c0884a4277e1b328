import Foundation
import StapesHub
import Synchronization

/// A repository as the hub serves it, over ``LocalHub``, with a rule that may spoil its answers.
final class FakeRepository: Sendable {
    typealias Reply = LocalHub.Reply
    /// Sees the path of a file, how many requests for it came before, the request and the proper answer.
    typealias Rule = @Sendable (_ file: String, _ earlier: Int, _ request: LocalHub.Request, _ reply: Reply) -> Reply

    static let commit = String(repeating: "c0ffee00", count: 5)

    let id: String
    let files: [String: [UInt8]]
    /// Stored apart, and listed with their SHA-256; the others with git's SHA-1.
    let largeFiles: Set<String>
    /// Listed sizes, where they are not the true ones.
    let listedSizes: [String: Int]
    /// Answers instead of the proper one, by path.
    let overrides: [String: Reply]
    let rule: Rule
    private let counts = Mutex<[String: Int]>([:])

    init(
        id: String = "openai/whisper-tiny", files: [String: [UInt8]] = FakeRepository.safetensors,
        largeFiles: Set<String> = ["model.safetensors", "model.bin"], listedSizes: [String: Int] = [:],
        overrides: [String: Reply] = [:], rule: @escaping Rule = { $3 }
    ) {
        self.id = id
        self.files = files
        self.largeFiles = largeFiles
        self.listedSizes = listedSizes
        self.overrides = overrides
        self.rule = rule
    }

    /// What OpenAI's repositories hold, small.
    static let safetensors: [String: [UInt8]] = [
        "config.json": Array(#"{"model_type":"whisper"}"#.utf8),
        "generation_config.json": Array("{}".utf8),
        "tokenizer.json": Array(repeating: UInt8(ascii: "t"), count: 5000),
        "preprocessor_config.json": Array("{ }".utf8),
        "normalizer.json": [],
        "vocab.json": Array("unwanted".utf8),
        "README.md": Array("unwanted".utf8),
        "pytorch_model.bin": Array("unwanted".utf8),
        "onnx/model.safetensors": Array("unwanted".utf8),
        "model.safetensors": weights,
    ]

    /// More than one read of the network, and no period a shifted copy could hide in.
    static let weights: [UInt8] = {
        var state: UInt32 = 1
        return (0..<300_000).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
    }()

    func serve() throws -> LocalHub {
        try LocalHub { self.answer($0) }
    }

    func answer(_ request: LocalHub.Request) -> Reply {
        if let reply = overrides[request.path] { return reply }
        let resolve = "/\(id)/resolve/\(Self.commit)/"
        switch request.path {
        case "/api/models/\(id)/revision/main":
            return Reply(body: Array(#"{"id":"\#(id)","sha":"\#(Self.commit)"}"#.utf8))
        case "/api/models/\(id)/tree/\(Self.commit)":
            return Reply(headers: ["Content-Type": "application/json"], body: tree())
        case let path where path.hasPrefix(resolve):
            let name = String(path.dropFirst(resolve.count))
            let earlier = counts.withLock { counts in
                defer { counts[name, default: 0] += 1 }
                return counts[name, default: 0]
            }
            return rule(name, earlier, request, content(name, for: request))
        default: return Reply(status: 404, body: Array("not found".utf8))
        }
    }

    /// The file, or the part of it that is asked for.
    func content(_ name: String, for request: LocalHub.Request) -> Reply {
        guard let content = files[name] else { return Reply(status: 404) }
        let tag = "\"tag-of-\(name)\""
        let isFresh = request.headers["if-range"].map { $0 == tag } ?? true
        guard isFresh, let range = request.headers["range"], let first = Int(range.dropFirst(6).dropLast()) else {
            return Reply(headers: ["ETag": tag], body: content)
        }
        guard first < content.count else { return Reply(status: 416) }
        return Reply(
            status: 206,
            headers: ["ETag": tag, "Content-Range": "bytes \(first)-\(content.count - 1)/\(content.count)"],
            body: Array(content[first...]))
    }

    private func tree() -> [UInt8] {
        var entries: [String] = [#"{"type":"directory","path":"onnx","oid":"00"}"#]
        for (path, content) in files {
            guard let hashes = try? Self.hashes(content) else { continue }
            let size = listedSizes[path] ?? content.count
            let large = #","lfs":{"oid":"\#(hashes.sha256)","size":\#(size),"pointerSize":134}"#
            entries.append(
                #"{"type":"file","path":"\#(path)","size":\#(size),"oid":"\#(hashes.gitBlob ?? "")"#
                    + #""\#(largeFiles.contains(path) ? large : "")}"#)
        }
        return Array("[\(entries.joined(separator: ","))]".utf8)
    }

    static func hashes(_ content: [UInt8]) throws -> ContentHasher.Hashes {
        var hasher = try ContentHasher(gitBlobOf: content.count)
        content.withUnsafeBytes { hasher.update($0) }
        return hasher.finalize()
    }
}
