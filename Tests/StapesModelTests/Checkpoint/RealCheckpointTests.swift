import StapesModel
import Testing

@Suite(.enabled(if: !RealCheckpoints.present.isEmpty, "needs the model base or tiny.en"))
struct RealCheckpointTests {
    @Test(arguments: RealCheckpoints.present)
    func publishedSizesAreRead(model: RealCheckpoints.Model) throws {
        let checkpoint = try Checkpoint(directory: model.directory)
        let configuration = checkpoint.configuration
        #expect(configuration.melBins == 80)
        #expect(configuration.audioContext == 1500)
        #expect(configuration.textContext == 448)
        #expect(configuration.headWidth == 64)
        #expect(configuration.feedForwardWidth == 4 * configuration.width)
        switch model.name {
        case "base":
            #expect(configuration.width == 512)
            #expect(configuration.encoderLayers == 6)
            #expect(configuration.decoderLayers == 6)
            #expect(configuration.vocabularySize == 51865)
            #expect(configuration.isMultilingual)
            #expect(configuration.alignmentHeads.first == AlignmentHead(layer: 3, head: 1))
            #expect(configuration.alignmentHeads.count == 8)
            #expect(configuration.suppressTokens?.prefix(3) == [1, 2, 7])
            #expect(checkpoint.parameterCount == 72_593_920)
        default:
            #expect(configuration.width == 384)
            #expect(configuration.encoderLayers == 4)
            #expect(configuration.decoderLayers == 4)
            #expect(configuration.vocabularySize == 51864)
            #expect(!configuration.isMultilingual)
            #expect(checkpoint.parameterCount == 37_760_256)
        }
    }

    /// Float copies hold the same numbers; an `int8` copy is within half a step of them.
    @Test(
        .enabled(if: !RealCheckpoints.copied.isEmpty, "needs copies in other forms, see Scripts/fetch-model"),
        arguments: RealCheckpoints.copied)
    func copiesInOtherFormsHoldTheSameWeights(model: RealCheckpoints.Model) throws {
        let original = try Checkpoint(directory: model.directory)
        for directory in model.copies {
            let copy = try Checkpoint(directory: directory)
            #expect(copy.tensorNames == original.tensorNames)
            var configuration = copy.configuration
            configuration.suppressTokens = original.configuration.suppressTokens
            #expect(configuration == original.configuration, "\(directory)")
            for name in original.tensorNames {
                let (expected, tensor) = (try original.tensor(name), try copy.tensor(name))
                #expect(tensor.shape == expected.shape)
                #expect(Self.largestExcess(of: tensor, over: expected) <= 0, "\(directory): \(name)")
            }
        }
    }

    /// How far any value lies beyond its tolerance: zero for floats, half a step for `int8`.
    private static func largestExcess(of tensor: Tensor, over expected: Tensor) -> Float {
        let scales = tensor.rowScaleValues()
        let rowLength = tensor.count / max(tensor.rowCount, 1)
        var worst: Float = 0
        for (index, (value, reference)) in zip(tensor.float32Values(), expected.float32Values()).enumerated() {
            // A product rounded to the nearest integer may be off by the rounding of the product itself.
            let tolerance = scales.map { 0.50001 / $0[index / rowLength] } ?? 0
            worst = max(worst, abs(value - reference) - tolerance)
        }
        return worst
    }
}
