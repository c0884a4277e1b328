import Hummingbird
import Logging
import Synchronization

/// Names each request, turns errors into answers, and writes down how it went. The outermost of all.
struct ScopeMiddleware: RouterMiddleware {
    let metrics: ServerMetrics
    let routes: RouteTable
    /// Hummingbird's own says less.
    let logger: Logger

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let scope = RequestScope(id: RequestScope.id(proposed: request.headers[RequestScope.idHeader]))
        context.scope = scope
        context.logger = logger
        context.logger[metadataKey: "request_id"] = "\(scope.id)"
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let failure = Failure(error, request: request, routes: routes)
            failure.log(to: context.logger)
            response = failure.response
            // What is left of the body would be read to its end first, however long it is.
            if hasBody(request), !scope.bodyIsRead.load(ordering: .relaxed) { response.headers[.connection] = "close" }
        }
        response.headers[RequestScope.idHeader] = scope.id
        if request.method == .head { response = response.createHeadResponse() }
        return response.reporting(request, scope: scope, metrics: metrics, logger: context.logger, routes: routes)
    }

    private func hasBody(_ request: Request) -> Bool {
        request.headers[.transferEncoding] != nil || request.headers[.contentLength].map { $0 != "0" } ?? false
    }
}

extension Response {
    /// The same answer, which is written down once its last byte is on its way or cannot be sent.
    fileprivate func reporting(
        _ request: Request, scope: RequestScope, metrics: ServerMetrics, logger: Logger, routes: RouteTable
    ) -> Response {
        let (status, method, path) = (status.code, request.method.rawValue, request.uri.path)
        let route = routes.label(path: path)
        let report: @Sendable (Bool) -> Void = { isWhole in
            let duration = ContinuousClock.now - scope.start
            metrics.answered(route: route, method: routes.label(method: method), status: status, in: duration)
            let isRoutine = route.hasPrefix("/health") || route == "/metrics"
            logger.log(
                level: isRoutine ? .debug : .info, isWhole ? "answered" : "client left",
                metadata: [
                    "method": "\(method)", "path": "\(path)", "status": "\(status)",
                    "seconds": "\(duration.rounded)",
                ])
        }
        var copy = self
        let body = body
        guard body.contentLength == nil else {
            report(true)
            return copy
        }
        copy.body = ResponseBody(contentLength: nil) { writer in
            do {
                try await body.write(writer)
            } catch {
                report(false)
                throw error
            }
            report(true)
        }
        return copy
    }
}

extension Duration {
    /// Seconds to the millisecond.
    var rounded: Double { ((self / .seconds(1)) * 1000).rounded() / 1000 }
}
