import StapesEngine

extension TranscriberConfiguration {
    /// The attention backends by name, and whether decode steps are captured with them: what can be said before any
    /// model is loaded.
    ///
    /// - Throws: `invalidOption` for an unknown backend, `unavailable` when graphs are demanded of one that has none.
    package func attention() throws(StapesError) -> (prefill: String, decode: String, decodeGraph: GraphDecision) {
        let (prefill, decode) = try backends()
        do throws(EngineError) {
            let decision = try GraphGate.decide(
                mode: decodeGraph, prefill: (prefill.rawValue, prefill.capabilities),
                decode: (decode.rawValue, decode.capabilities))
            return (prefill.rawValue, decode.rawValue, decision)
        } catch {
            throw StapesError(error)
        }
    }

    /// - Throws: `invalidOption`, naming what there is instead.
    func backends() throws(StapesError) -> (prefill: BackendChoice, decode: BackendChoice) {
        (
            prefill: try Self.backend(prefillAttentionBackend ?? attentionBackend, onGPU: device.isGPU),
            decode: try Self.backend(decodeAttentionBackend ?? attentionBackend, onGPU: device.isGPU)
        )
    }

    private static func backend(_ name: String?, onGPU: Bool) throws(StapesError) -> BackendChoice {
        guard let name else { return onGPU ? .native : .cpu }
        guard let choice = BackendChoice(rawValue: name) else {
            let names = attentionBackends.joined(separator: ", ")
            throw StapesError(.invalidOption, "no attention backend is named '\(name)'; there are: \(names)")
        }
        return choice
    }

    /// - Throws: `invalidOption` with the complaint and the range.
    static func check(_ value: Int, in range: ClosedRange<Int>, _ complaint: String) throws(StapesError) {
        guard range.contains(value) else {
            throw StapesError(.invalidOption, "\(complaint); give \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
