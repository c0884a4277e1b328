/// What the engine has done so far, counted.
package struct StepCounters: Sendable, Hashable {
    package enum Plane: String, Sendable, Hashable, CaseIterable {
        case encoder
        case prefill
        case decode
    }

    /// Replayed and eager steps of each plane.
    package private(set) var replays: [Plane: Int] = [:]
    package private(set) var eagerSteps: [Plane: Int] = [:]
    /// Decode rows that were computed for nobody.
    package private(set) var paddingRows = 0
    /// How often decode's cross plan was made.
    package private(set) var planRebuilds = 0
    /// Bytes of the recorded calls of all graphs.
    package var capturedBytes = 0
    /// Decode steps by duration: bucket i holds those below 2^i microseconds and not below half of that.
    package private(set) var decodeHistogram = [Int](repeating: 0, count: 32)

    package init() {}

    mutating func count(_ route: DecoderPlane.Route, plane: Plane, live: Int, plans: Int) {
        switch route {
        case .graph(let size):
            replays[plane, default: 0] += 1
            if plane == .decode { paddingRows += size.rows - live }
        case .eager:
            eagerSteps[plane, default: 0] += 1
        }
        if plane == .decode { planRebuilds = plans }
    }

    mutating func decodeStep(seconds: Double) {
        let microseconds = Int(max(0, min(seconds * 1e6, 1e9)))
        decodeHistogram[min(31, Int.bitWidth - microseconds.leadingZeroBitCount)] += 1
    }
}
