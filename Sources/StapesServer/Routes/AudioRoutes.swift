import Hummingbird
import Logging
import Stapes
import StapesAPI
import StapesAudio
import Tracing

/// The two endpoints that take a file: upload -> request -> turn -> transcription -> answer.
struct AudioRoutes: Sendable {
    let state: ServerState

    func respond(to request: Request, context: ServerContext, endpoint: SpeechEndpoint) async throws -> Response {
        let speech = try state.speech.service()
        // Better refused before the upload than after it.
        try state.gate.checkRoom()
        let presence = try await context.presence()
        let upload = try await withSpan("upload") { _ in
            try await Upload(
                request, scope: context.scope, limits: state.limits, budget: state.budget,
                directory: state.configuration.spoolDirectory ?? "/tmp")
        }
        let asked = try SpeechRequest(fields: upload.fields, endpoint: endpoint, served: state.served)
        guard let file = upload.file else {
            throw APIError(.invalidValue, "The form has no file.", parameter: "file")
        }
        guard file.byteCount > 0 else { throw APIError(.audioTooShort, "The audio file is empty.", parameter: "file") }
        let job = SpeechJob(
            speech: speech, request: asked, audio: try await file.source(), byteCount: file.byteCount,
            estimatedSeconds: file.estimatedSeconds, state: state, logger: context.logger)
        let owner = SpoolOwner(file)
        if asked.streams { return try await StreamedAnswer.respond(job, holding: owner, presence: presence) }
        return try await presence.cancelling {
            defer { owner.release() }
            return try await job.run().response
        }
    }
}
