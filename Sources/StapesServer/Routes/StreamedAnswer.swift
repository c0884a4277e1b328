import Hummingbird
import NIOCore
import Stapes
import StapesAPI

/// An answer that is sent while the file is transcribed, as server-sent events.
struct StreamedAnswer: Sendable {
    private enum Item: Sendable {
        case segment(Segment)
        /// Nothing happened for a while: the client is to see that the server is there.
        case nothing
        case result(SpeechJob.Result)
        case failure(APIError)
    }

    private static let pingSeconds = 10.0

    /// An error that comes before anything was sent is answered with its status; what fails later is an event.
    static func respond(
        _ job: SpeechJob, holding owner: SpoolOwner, presence: ClientPresence
    ) async throws -> Response {
        let feed = Feed<Item>(capacity: 4) { send in
            defer { owner.release() }
            await produce(job, send: send)
        }
        let first = try await presence.cancelling { await next(feed) }
        if case .failure(let error)? = first { throw error }
        let (request, speech) = (job.request, job.speech)
        return Response(
            status: .ok, headers: [.contentType: StreamEvent.contentType, .cacheControl: "no-cache"],
            body: ResponseBody { writer in
                var frames = StreamFrames(request, speech)
                var item = first
                while let current = item {
                    let text = frames.text(of: current)
                    if !text.isEmpty { try await writer.write(ByteBuffer(string: text)) }
                    if case .failure = current { break }
                    item = try await presence.cancelling { await next(feed) }
                }
                try await writer.finish(nil)
            })
    }

    private static func next(_ feed: Feed<Item>) async -> Item? {
        do throws(StapesError) {
            return try await feed.next()
        } catch {
            return .failure(APIError(error))
        }
    }

    private static func produce(_ job: SpeechJob, send: @escaping Feed<Item>.Sink) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    do { try await Task.sleep(for: .seconds(pingSeconds)) } catch { return }
                    await send(.nothing)
                }
            }
            group.addTask {
                do {
                    await send(
                        .result(
                            try await job.run { event in
                                if case .segment(let segment) = event { await send(.segment(segment)) }
                            }))
                } catch {
                    let failure = APIError(any: error)
                    job.logger.info("\(failure.message)", metadata: ["code": "\(failure.code.rawValue)"])
                    await send(.failure(failure))
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// The frames of one answer.
    private struct StreamFrames {
        private let request: SpeechRequest
        private let speech: any SpeechService
        private var text = DeltaText()

        init(_ request: SpeechRequest, _ speech: any SpeechService) {
            self.request = request
            self.speech = speech
        }

        mutating func text(of item: Item) -> String {
            switch item {
            case .nothing: return StreamEvent.ping
            case .failure(let error): return StreamEvent.error(error).frame
            case .segment(let segment):
                let delta = text.append(segment.text)
                let tokens = request.includesLogProbabilities ? speech.logProbabilities(of: [segment]) : nil
                var frames = delta.isEmpty ? "" : StreamEvent.delta(delta, logProbabilities: tokens).frame
                if request.streamsSegments, !segment.isBlank { frames += StreamEvent.segment(segment).frame }
                return frames
            case .result(let result):
                let done = StreamEvent.done(
                    text: text.text, usage: result.usage, logProbabilities: result.logProbabilities)
                return done.frame + StreamEvent.end
            }
        }
    }
}
