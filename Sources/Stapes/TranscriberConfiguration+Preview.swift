import StapesDevice
import StapesEngine
import StapesTokenizer

/// What can be said of an engine before its model is there.
package struct EnginePreview: Sendable, Hashable {
    package let devices: [Device]
    /// Why these, where that was left to us.
    package let deviceReason: String?
    package let computeType: ComputeType
    package let prefill: String
    package let decode: String
    package let decodeGraph: GraphDecision
    package let looksAhead: Bool
    package let logMelOnDevice: Bool

    package init(
        devices: [Device], deviceReason: String? = nil, computeType: ComputeType, prefill: String, decode: String,
        decodeGraph: GraphDecision, looksAhead: Bool, logMelOnDevice: Bool = false
    ) {
        self.devices = devices
        self.deviceReason = deviceReason
        self.computeType = computeType
        self.prefill = prefill
        self.decode = decode
        self.decodeGraph = decodeGraph
        self.looksAhead = looksAhead
        self.logMelOnDevice = logMelOnDevice
    }
}

extension TranscriberConfiguration {
    /// Opens the devices and decides what does not depend on the model.
    ///
    /// - Throws: `invalidOption` for an unknown backend; `unavailable` for a device that is not there, for what it does not
    ///   have, and when graphs are demanded of a backend that has none.
    package func preview() throws(StapesError) -> EnginePreview {
        // Which tokens are special makes no difference here.
        let engine = try EngineConfiguration(self, special: SpecialTokens(vocabularySize: 51_865))
        do throws(EngineError) {
            try engine.checkDevice()
            return EnginePreview(
                devices: engine.devices.map(\.device), deviceReason: engine.deviceReason,
                computeType: engine.resolvedComputeType, prefill: engine.prefillBackend.rawValue,
                decode: engine.decodeBackend.rawValue, decodeGraph: try engine.graphDecision(),
                looksAhead: engine.looksAhead, logMelOnDevice: engine.logMelOnDevice)
        } catch {
            throw StapesError(error)
        }
    }

    /// - Throws: `invalidOption`, naming what there is instead.
    func backends(onGPU: Bool) throws(StapesError) -> (prefill: BackendChoice, decode: BackendChoice) {
        (
            prefill: try Self.backend(prefillAttentionBackend ?? attentionBackend, onGPU: onGPU),
            decode: try Self.backend(decodeAttentionBackend ?? attentionBackend, onGPU: onGPU)
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
