/// Merges the bytes of one piece into tokens: always the adjacent pair whose joint token has the lowest id, the leftmost
/// of equals first.
///
/// - Complexity: O(n log n) in the bytes of a piece, so that a long run of letters costs no more per byte than prose.
struct BytePairMerger {
    private let table: TokenTable
    /// Candidate merges, lowest first: token id in the upper half, start of the left part in the lower.
    private var candidates = MinimumHeap()
    /// `partEnds[i]` is where the part that starts at byte i ends; 0 where no part starts any more.
    private var partEnds: [Int] = []
    /// `partStarts[i]` is where the part before the one at byte i starts.
    private var partStarts: [Int] = []

    init(table: TokenTable) {
        self.table = table
    }

    /// Appends the tokens of a piece.
    mutating func merge(_ piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Int]) {
        if let whole = table.id(of: piece) {
            tokens.append(whole)
            return
        }
        partEnds = Array(1...piece.count)
        partStarts = Array(-1..<piece.count - 1)
        candidates.removeAll()
        for start in 0..<piece.count - 1 { propose(start, start + 2, piece) }
        while let candidate = candidates.popMinimum() {
            let start = Int(candidate & 0xFFFF_FFFF)
            let middle = partEnds[start]
            // An earlier merge may have taken one of the parts away.
            guard middle > 0, middle < piece.count,
                partEnds[middle] - start == table.byteCount(of: Int(candidate >> 32))
            else { continue }
            let end = partEnds[middle]
            partEnds[start] = end
            partEnds[middle] = 0
            if end < piece.count {
                partStarts[end] = start
                propose(start, partEnds[end], piece)
            }
            if partStarts[start] >= 0 { propose(partStarts[start], end, piece) }
        }
        var start = 0
        while start < piece.count {
            let end = partEnds[start]
            // Single bytes are in every vocabulary (checked when it is loaded), and merges only make known tokens.
            if let token = table.id(of: UnsafeBufferPointer(rebasing: piece[start..<end])) { tokens.append(token) }
            start = end
        }
    }

    private mutating func propose(_ start: Int, _ end: Int, _ piece: UnsafeBufferPointer<UInt8>) {
        guard let token = table.id(of: UnsafeBufferPointer(rebasing: piece[start..<end])) else { return }
        candidates.insert(UInt64(token) << 32 | UInt64(start))
    }
}
