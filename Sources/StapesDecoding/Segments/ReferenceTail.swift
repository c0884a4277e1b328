extension RandomAccessCollection where Index == Int {
    /// The last `count` elements, or what the reference's `list[-count:]` gives when `count` is not positive:
    /// everything for zero, and for less everything but the first `-count`.
    ///
    /// It happens when an initial prompt fills the room for history; followed so that prompts stay equal.
    func referenceTail(_ count: Int) -> SubSequence {
        count > 0 ? suffix(count) : dropFirst(-count)
    }
}
