import StapesEngine

/// What the engine's steps were, from its start to the end of the measurement, warm-up included.
package struct StepReport: Encodable, Sendable, Equatable {
    /// Replayed and eager steps of one plane.
    package struct Plane: Encodable, Sendable, Equatable {
        package let replays: Int
        package let eager: Int
    }

    package let encoder: Plane
    package let prefill: Plane
    package let decode: Plane
    /// Decode rows that were computed for nobody.
    package let paddingRows: Int
    /// How often decode's cross plan was made: once a change of members.
    package let planRebuilds: Int
    package let capturedBytes: Int
    /// Decode steps by duration: entry i counts those below 2^i microseconds and not below half of that.
    package let decodeHistogram: [Int]

    package init(_ counters: StepCounters) {
        func plane(_ plane: StepCounters.Plane) -> Plane {
            Plane(replays: counters.replays[plane] ?? 0, eager: counters.eagerSteps[plane] ?? 0)
        }
        encoder = plane(.encoder)
        prefill = plane(.prefill)
        decode = plane(.decode)
        paddingRows = counters.paddingRows
        planRebuilds = counters.planRebuilds
        capturedBytes = counters.capturedBytes
        decodeHistogram = counters.decodeHistogram
    }

    /// For reading: steps as replayed and eager.
    var text: String {
        "steps replayed and eager: encoder \(encoder.replays) and \(encoder.eager), prefill \(prefill.replays) and "
            + "\(prefill.eager), decode \(decode.replays) and \(decode.eager); \(paddingRows) padded rows, "
            + "\(planRebuilds) cross plans, \(capturedBytes) bytes of graphs\n"
    }
}
