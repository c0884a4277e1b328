/// Text as Python compares it: scalar by scalar, where Swift compares whole characters.
extension String {
    /// Python's `self in other`: the empty text is part of every text.
    func isPart(of other: String) -> Bool {
        let (part, whole) = (Array(unicodeScalars), Array(other.unicodeScalars))
        guard part.count <= whole.count else { return false }
        return (0...whole.count - part.count).contains { whole[$0...].starts(with: part) }
    }

    var beginsWithSpace: Bool { unicodeScalars.first == " " }
    var endsWithSpace: Bool { unicodeScalars.last == " " }
}
