import StapesAPI

/// What the routes share.
struct ServerState: Sendable {
    let configuration: ServerConfiguration
    let served: ServedModels
    let speech: SpeechHolder
    let gate: AdmissionGate
    let budget: SpoolBudget
    let metrics: ServerMetrics

    var limits: ServerLimits { configuration.limits }
}
