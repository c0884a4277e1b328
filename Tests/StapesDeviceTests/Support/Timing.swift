/// Times of calls, in turn, so that a neighbour on the machine slows all of them alike.
enum Timing {
    /// Samples of each call; the median of them counts.
    static let rounds = 11
    /// A sample is as many calls as fit in here, at least one.
    private static let sampleTime = Duration.milliseconds(4)

    /// Microseconds one call of each body takes.
    static func medians(_ bodies: [() throws -> Void]) throws -> [Double] {
        let counts = try bodies.map { body in
            try body()  // primitives are made, memory is touched
            return max(1, Int(sampleTime / (try time(1, body))))
        }
        var samples = [[Double]](repeating: [], count: bodies.count)
        for _ in 0..<rounds {
            for (index, body) in bodies.enumerated() {
                samples[index].append(try time(counts[index], body) / .microseconds(counts[index]))
            }
        }
        return samples.map { $0.sorted()[rounds / 2] }
    }

    private static func time(_ count: Int, _ body: () throws -> Void) throws -> Duration {
        let start = ContinuousClock.now
        for _ in 0..<count { try body() }
        return ContinuousClock.now - start
    }

    static func words(_ microseconds: Double) -> String {
        microseconds < 100 ? "\((microseconds * 10).rounded() / 10)" : "\(Int(microseconds.rounded()))"
    }
}
