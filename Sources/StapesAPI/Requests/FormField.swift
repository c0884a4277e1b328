/// A field of the form in which speech is sent. What is read, and what the interface's description says, is one table
/// of these.
package struct FormField: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case file
        case text
        case choice([String])
        case flag
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        /// A number, or `None` for no limit.
        case limit
        case texts
        case choices([String])
        /// Separated by commas.
        case integers
        /// Separated by commas.
        case numbers
        /// `auto`, or an object as JSON or in fields of its own.
        case speechDetection
        /// Known, and never taken.
        case refused
    }

    /// Without brackets.
    package let name: String
    package let kind: Kind
    /// What stands for a field that is missing, as a client would write it; nil if that is nothing.
    package let initial: String?
    package let summary: String

    init(_ name: String, _ kind: Kind, initial: String? = nil, _ summary: String) {
        self.name = name
        self.kind = kind
        self.initial = initial
        self.summary = summary
    }

    /// The name on the wire: clients repeat a field that takes many values with brackets behind it.
    package var wireName: String {
        switch kind {
        case .texts, .choices: name + "[]"
        default: name
        }
    }
}
