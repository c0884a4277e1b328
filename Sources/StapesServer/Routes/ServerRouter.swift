import Hummingbird
import Logging
import StapesAPI
import StapesMetrics

/// Which path leads where.
enum ServerRouter {
    static func make(
        _ state: ServerState, admission: RealtimeAdmission, registry: MetricsRegistry?, logger: Logger
    ) -> Router<ServerContext> {
        let table = RouteTable(OpenAPI.routes)
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ScopeMiddleware(metrics: state.metrics, routes: table, logger: logger))
        router.add(middleware: TracingMiddleware())
        let api = router.group("/v1").add(middleware: AuthenticationMiddleware(keys: KeyRing(state.configuration.keys)))

        let audio = AudioRoutes(state: state)
        api.post("/audio/transcriptions") { request, context in
            try await audio.respond(to: request, context: context, endpoint: .transcription)
        }
        api.post("/audio/translations") { request, context in
            try await audio.respond(to: request, context: context, endpoint: .translation)
        }
        let models = ModelRoutes(state: state)
        api.get("/models") { _, _ in models.list() }
        api.get("/models/**") { _, context in
            try models.model(id: context.parameters.getCatchAll().joined(separator: "/"))
        }
        api.get("/realtime") { request, _ -> Response in
            // What an upgrade was refused for, if it was one.
            _ = try admission.check(request.headers, query: request.uri.query)
            throw APIError(.upgradeRequired, "This URL speaks WebSocket: send an upgrade.")
        }
        let health = HealthRoutes(state: state)
        router.get("/health/live") { _, _ in health.live() }
        router.get("/health/ready") { _, _ in try health.ready() }
        router.get("/metrics") { _, _ in MetricsRoute.text(registry) }
        router.get("/openapi.json") { _, _ in Response.json(OpenAPI.json(version: state.configuration.version)) }
        router.get("/") { _, _ in Page.response }
        // Browsers ask for one on their own.
        router.get("/favicon.ico") { _, _ in Response(status: .noContent) }
        return router
    }
}
