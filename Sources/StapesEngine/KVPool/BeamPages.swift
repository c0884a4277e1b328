/// The self pages of one window's beams: full pages are shared with whoever went the same way, the page that is written
/// next is each beam's own (copy on write).
///
/// Integers only. All pages were set aside at admission: the most that beams can need is a row of their own each behind
/// the prompt's full pages.
package struct BeamPages: Sendable {
    /// One page that has to be copied before the next step.
    package struct Copy: Sendable, Hashable {
        package let from: Int32
        package let to: Int32
    }

    /// The pages of each beam, in the order of positions.
    package private(set) var tables: [[Int32]]
    private var free: [Int32]

    /// One beam with the prompt.
    ///
    /// - Parameters:
    ///   - pages: all pages of the window's beams; the prompt stands in the first ones.
    ///   - length: tokens of the prompt.
    package init(pages: [Int32], length: Int) {
        let used = (length + KVLayout.tilePositions - 1) / KVLayout.tilePositions
        precondition(used <= pages.count, "the prompt has its pages")
        tables = [Array(pages[..<used])]
        free = pages[used...].reversed()
    }

    package static func count(prompt: Int, positions: Int, width: Int) -> Int {
        let all = (positions + KVLayout.tilePositions - 1) / KVLayout.tilePositions
        let shared = prompt / KVLayout.tilePositions
        return width <= 1 ? all : shared + width * (all - shared)
    }

    /// Makes room for one more token of each new beam.
    ///
    /// - Parameters:
    ///   - parents: of which beam each new one is the child.
    ///   - length: tokens that every beam holds, the same for all.
    /// - Returns: what has to be copied, before anything is written.
    package mutating func advance(parents: [Int], length: Int) -> [Copy] {
        var children = parents.map { tables[$0] }
        let kept = Set(children.joined())
        let freed = Set(tables.joined()).subtracting(kept)
        free += freed.sorted()
        var copies: [Copy] = []
        let writesInside = length % KVLayout.tilePositions != 0
        var owned: Set<Int32> = []
        for index in children.indices {
            if writesInside {
                // The first child goes on writing where its parent did; the others get a copy.
                guard let last = children[index].last, !owned.insert(last).inserted else { continue }
                let page = take()
                children[index][children[index].count - 1] = page
                copies.append(Copy(from: last, to: page))
            } else {
                children[index].append(take())
            }
        }
        tables = children
        return copies
    }

    private mutating func take() -> Int32 {
        guard let page = free.popLast() else { preconditionFailure("beams need no more pages than were set aside") }
        return page
    }
}
