import Foundation

/// The three questions asked of a hub about one repository.
struct HubAPI: Sendable {
    /// A page holds up to a thousand entries; a repository with more pages than this is not a speech model.
    static let maximumPages = 50

    let endpoint: URL
    let repository: String
    let options: PullOptions
    let client: HTTPClient

    private var hasToken: Bool { options.token != nil }

    /// - Throws: `invalidReference` when the endpoint is no http(s) address.
    init(repository: String, options: PullOptions) throws(HubError) {
        guard let endpoint = URL(string: options.endpoint), let origin = Origin(endpoint) else {
            throw HubError(.invalidReference, "the endpoint '\(options.endpoint)' is no http or https address")
        }
        self.endpoint = endpoint
        self.repository = repository
        self.options = options
        client = HTTPClient(timeouts: options.timeouts, token: options.token, tokenOrigin: origin)
    }

    /// Address of the repository, for people.
    var source: String { address("\(repository)").publicDescription }

    /// The commit a revision stands for now; nil when the host does not say (some mirrors).
    func commit(of revision: String) async throws(HubError) -> String? {
        struct Answer: Decodable {
            let sha: String?
        }
        let (head, body) = try await get(address("api/models/\(repository)/revision/\(Self.escape(revision))"))
        if head.status == 404 { return nil }
        try check(head, revision: revision)
        return (try? JSONDecoder().decode(Answer.self, from: body))?.sha.flatMap {
            Hexadecimal.isDigits($0, count: 40) ? $0 : nil
        }
    }

    /// All files at a revision.
    func files(at revision: String) async throws(HubError) -> [RemoteFile] {
        var files: [RemoteFile] = []
        var next: URL? = address("api/models/\(repository)/tree/\(Self.escape(revision))?recursive=true")
        for _ in 0..<Self.maximumPages {
            guard let page = next else { break }
            let (head, body) = try await get(page)
            try check(head, revision: revision)
            let entries: [TreeEntry]
            do {
                entries = try JSONDecoder().decode([TreeEntry].self, from: body)
            } catch {
                throw HubError(
                    .badResponse, "\(page.publicDescription) did not answer with a list of files", cause: error)
            }
            for entry in entries {
                if let file = try entry.file() { files.append(file) }
            }
            next = Self.nextPage(head, of: page)
        }
        return files
    }

    func contentAddress(_ path: String, revision: String) -> URL {
        address("\(repository)/resolve/\(Self.escape(revision))/\(Self.escape(path))")
    }

    /// Turns a status other than success into an error with the words for it.
    func check(_ head: HTTPHead, revision: String, file: String? = nil) throws(HubError) {
        let place = endpoint.publicDescription
        switch (head.status, head["x-error-code"]) {
        case (200, _), (206, _): return
        case (_, "RevisionNotFound"):
            throw HubError(.notFound, "\(repository) has no revision '\(revision)' at \(place)")
        case (401, "GatedRepo"), (403, "GatedRepo"):
            throw HubError(
                .unauthorized, "\(repository) is gated: accept its terms at \(source), then give a token in HF_TOKEN")
        case (404, _) where file != nil:
            throw HubError(.notFound, "\(repository) has no file '\(file ?? "")' at revision '\(revision)'")
        case (404, _),
            (401, "RepoNotFound") where !hasToken:
            throw HubError(
                .notFound, "\(place) knows no model '\(repository)'; a private one needs a token in HF_TOKEN")
        case (401, _), (403, _):
            let advice = hasToken ? "the token in HF_TOKEN is not accepted" : "a token is needed in HF_TOKEN"
            throw HubError(.unauthorized, "\(place) refuses access to \(repository) (status \(head.status)): \(advice)")
        default:
            let name = file.map { "\(repository)/\($0)" } ?? repository
            throw HubError(
                .httpStatus, "\(place) answered with status \(head.status) for \(name)",
                cause: head.retryAfter.map(RetryPolicy.HostDelay.init))
        }
    }

    /// Asks again where the host is only busy. A host that cannot be reached is reported at once: the first question of
    /// a pull is the time to say so.
    private func get(_ url: URL) async throws(HubError) -> (HTTPHead, Data) {
        var retries = RetryPolicy(attempts: options.attempts, delay: options.retryDelay)
        while true {
            let buffer = BodyBuffer()
            let head = try await client.get(url, headers: [:], into: buffer)
            guard case .tryLater = RangeDisposition(head, offset: 0, byteCount: 0) else { return (head, buffer.data) }
            do throws(HubError) {
                try check(head, revision: options.revision)
            } catch {
                try await Self.sleep(retries.pause(after: error, count: 0))
            }
        }
    }

    static func sleep(_ duration: Duration) async throws(HubError) {
        do {
            try await Task.sleep(for: duration)
        } catch {
            throw HubError(.cancelled, "the download was cancelled", cause: error)
        }
    }

    private func address(_ path: String) -> URL {
        var base = endpoint.absoluteString
        while base.hasSuffix("/") { base.removeLast() }
        guard let url = URL(string: "\(base)/\(path)") else {
            preconditionFailure("escaped parts make an address")
        }
        return url
    }

    /// `Link: <address>; rel="next"`, on the same host.
    private static func nextPage(_ head: HTTPHead, of page: URL) -> URL? {
        guard let link = head["link"] else { return nil }
        for part in link.split(separator: ",") where part.contains("rel=\"next\"") {
            guard let start = part.firstIndex(of: "<"), let end = part.firstIndex(of: ">"), start < end else {
                continue
            }
            let url = URL(string: String(part[part.index(after: start)..<end]), relativeTo: page)?.absoluteURL
            if let url, Origin(url) == Origin(page) { return url }
        }
        return nil
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    private static func escape(_ part: String) -> String {
        part.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
}
