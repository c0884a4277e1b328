import StapesModel
import Testing

struct GeneratedArrayTests {
    private let array = GeneratedArray(seed: 5, name: "a.weight", count: 100_003, center: 0.25, deviation: 2)

    /// Computed by another program from the description of the hash.
    @Test func valuesAreTheSameOnEveryMachine() {
        let norm = GeneratedArray(seed: 1, name: "decoder.ln.weight", count: 1000, center: 1, deviation: 0.1)
        let values = norm.float32Values()
        #expect([0, 1, 2, 3, 999].map { values[$0] } == [0.8885472, 1.1714243, 1.0913098, 1.0873848, 1.1010673])
        let other = GeneratedArray(seed: 2, name: "a", count: 1000, center: 0, deviation: 1).float32Values()
        #expect([0, 1, 2, 3, 999].map { other[$0] } == [0.20763797, -0.6400969, 1.6530095, -0.61840445, 1.5917087])
    }

    @Test(arguments: [1, 2, 7, 64, 1000, 65_536, 99_999])
    func partsJoinToTheWhole(partLength: Int) {
        var joined: [Float] = []
        for start in stride(from: 0, to: array.count, by: partLength) { joined += part(start, length: partLength) }
        #expect(joined == array.float32Values())
    }

    @Test func threadsMakeTheSameValuesAsOne() async {
        let array = array
        let joined = await withTaskGroup(of: (Int, [Float]).self) { group in
            for start in stride(from: 0, to: array.count, by: 9973) {
                group.addTask { (start, part(start, length: 9973)) }
            }
            return await group.reduce(into: [Int: [Float]]()) { $0[$1.0] = $1.1 }
        }
        #expect(joined.sorted { $0.key < $1.key }.flatMap(\.value) == array.float32Values())
    }

    private func part(_ start: Int, length: Int) -> [Float] {
        let range = start..<min(start + length, array.count)
        return [Float](unsafeUninitializedCapacity: range.count) { buffer, count in
            array.copyFloat32(range, to: buffer.baseAddress!)
            count = range.count
        }
    }

    @Test func valuesAreSpreadEvenlyAroundTheirCentre() {
        let values = array.float32Values().map(Double.init)
        let mean = values.reduce(0, +) / Double(values.count)
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
        // Five standard errors of the mean and of the deviation.
        #expect(abs(mean - 0.25) < 0.032)
        #expect(abs(deviation - 2) < 0.015)
        let reach = 2 * 3.0.squareRoot()
        #expect(values.allSatisfy { abs($0 - 0.25) <= reach + 1e-6 })
        var tenths = [Int](repeating: 0, count: 10)
        for value in values { tenths[min(Int((value - 0.25 + reach) / (2 * reach) * 10), 9)] += 1 }
        #expect(tenths.allSatisfy { abs($0 - 10_000) < 500 }, "\(tenths)")
    }

    @Test func neighboursAreNotCorrelated() {
        let values = array.float32Values().map { Double($0) - 0.25 }
        for distance in [1, 2, 3, 64, 384, 512, 768, 1024, 1280] {
            let products = zip(values, values.dropFirst(distance)).map { $0 * $1 }
            let correlation = products.reduce(0, +) / Double(products.count) / 4
            #expect(abs(correlation) < 0.016, "\(distance)")
        }
    }

    @Test func seedAndNameDecideTheValues() {
        func values(_ seed: UInt64, _ name: String) -> Set<Float> {
            Set(GeneratedArray(seed: seed, name: name, count: 1000, center: 0, deviation: 1).float32Values())
        }
        let all = [values(1, "a"), values(2, "a"), values(1, "b"), values(1 << 40, "a")]
        for (index, left) in all.enumerated() {
            #expect(left.count > 990)
            for right in all[..<index] { #expect(left.intersection(right).count < 10) }
        }
    }
}
