import StapesModel
import Testing

struct AlignmentHeadsTests {
    /// Large-v1 has the shape of large-v2, which is meant when the files say nothing.
    @Test(arguments: KnownModels.names.filter { $0 != "large-v1" })
    func withoutNamedHeadsThoseOfTheSameShapeServe(name: String) throws {
        let known = try #require(KnownModels.configuration(named: name))
        var unnamed = known
        unnamed.alignmentHeads = []
        #expect(try unnamed.validated(path: "config.json").alignmentHeads == known.alignmentHeads)
        // A distilled model that kept its teacher's list.
        unnamed.alignmentHeads = [AlignmentHead(layer: 40, head: 0)]
        #expect(try unnamed.validated(path: "config.json").alignmentHeads == known.alignmentHeads)
    }

    @Test func namedHeadsAreKept() throws {
        var named = try #require(KnownModels.configuration(named: "base"))
        named.alignmentHeads = [AlignmentHead(layer: 0, head: 7)]
        #expect(try named.validated(path: "config.json").alignmentHeads == named.alignmentHeads)
    }

    @Test func anUnknownShapeGetsTheUpperHalf() throws {
        var other = try #require(KnownModels.configuration(named: "base"))
        other.vocabularySize = 60_000
        other.alignmentHeads = []
        let heads = try other.validated(path: "config.json").alignmentHeads
        #expect(heads == (3..<6).flatMap { layer in (0..<8).map { AlignmentHead(layer: layer, head: $0) } })
    }
}
