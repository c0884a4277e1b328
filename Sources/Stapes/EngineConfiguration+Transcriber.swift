import StapesDevice
import StapesEngine
import StapesTokenizer

extension EngineConfiguration {
    private static let maximumThreads = 1024

    /// Turns a user's wishes into what the engine takes. Everything that is `nil` or `auto` is decided here.
    ///
    /// - Throws: `unavailable` or `invalidOption`, naming what there is instead.
    package init(_ wishes: TranscriberConfiguration, special: SpecialTokens) throws(StapesError) {
        if case .cuda(let index) = wishes.device {
            throw StapesError(.unavailable, "device 'cuda:\(index)' is not available: this build runs on the CPU only")
        }
        let threads = wishes.threads ?? min(CPULevel.usableProcessors, Self.maximumThreads)
        guard (1...Self.maximumThreads).contains(threads) else {
            throw StapesError(
                .invalidOption, "\(threads) threads are not possible; give 1 to \(Self.maximumThreads)")
        }
        guard (1...256).contains(wishes.maximumBatchSize) else {
            throw StapesError(
                .invalidOption, "a batch of \(wishes.maximumBatchSize) windows is not possible; give 1 to 256")
        }
        let backend = try Self.backend(wishes.attentionBackend)
        self.init(
            model: .directory(wishes.modelDirectory), special: special, computeType: wishes.computeType,
            threads: threads, level: try Self.level(wishes.instructionLevel), prefillBackend: backend,
            decodeBackend: backend, maximumRows: wishes.maximumBatchSize, keepsWindows: wishes.keepsWindows)
    }

    private static func backend(_ name: String?) throws(StapesError) -> BackendChoice {
        guard let name else { return .cpu }
        guard let choice = BackendChoice(rawValue: name) else {
            let names = BackendChoice.allCases.map(\.rawValue).joined(separator: ", ")
            throw StapesError(.invalidOption, "no attention backend is named '\(name)'; there are: \(names)")
        }
        return choice
    }

    private static func level(_ name: String?) throws(StapesError) -> CPULevel {
        guard let name else { return .best }
        guard let level = CPULevel(rawValue: name), level.isAvailable else {
            let names = CPULevel.available.map(\.rawValue).joined(separator: ", ")
            throw StapesError(.unavailable, "no instruction level '\(name)' on this processor; there are: \(names)")
        }
        return level
    }
}
