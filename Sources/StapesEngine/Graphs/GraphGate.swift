/// What the user asks of captured graphs.
public enum GraphMode: String, Sendable, Hashable, CaseIterable {
    /// Where the backends can.
    case auto
    /// Or do not start.
    case on
    case off
}

/// Whether decode steps are captured, and why.
public struct GraphDecision: Sendable, Hashable {
    public let enabled: Bool
    public let reason: String
    /// Whether the reason belongs in the log as a warning: graphs were not refused by the user.
    public let isWarning: Bool

    package init(enabled: Bool, reason: String, isWarning: Bool) {
        self.enabled = enabled
        self.reason = reason
        self.isWarning = isWarning
    }
}

/// The rule of when graphs may be used: one function, one answer with a reason.
package enum GraphGate {
    /// - Parameters:
    ///   - isWhisper: graphs with cross-attention are held to be right for Whisper's models only.
    /// - Throws: `unavailable` when graphs are demanded and a backend cannot capture.
    package static func decide(
        mode: GraphMode, isWhisper: Bool = true, prefill: (name: String, capabilities: AttentionCapabilities),
        decode: (name: String, capabilities: AttentionCapabilities)
    ) throws(EngineError) -> GraphDecision {
        guard mode != .off else { return GraphDecision(enabled: false, reason: "switched off", isWarning: false) }
        guard isWhisper else {
            return GraphDecision(
                enabled: false, reason: "the model is an encoder-decoder model other than Whisper", isWarning: true)
        }
        for (role, backend) in [("prefill", prefill), ("decode", decode)]
        where !backend.capabilities.capturesCrossAttention {
            let reason = "the \(role) attention backend '\(backend.name)' cannot capture cross-attention"
            guard mode != .on else { throw EngineError(.unavailable, "decode graphs cannot be used: \(reason)") }
            return GraphDecision(enabled: false, reason: reason, isWarning: true)
        }
        return GraphDecision(
            enabled: true,
            reason: "prefill backend '\(prefill.name)' and decode backend '\(decode.name)' capture cross-attention",
            isWarning: false)
    }
}
