/// Gives punctuation to the words it belongs to. Follows `merge_punctuations` of the reference (decoding.md, section
/// 7.7): a word that was merged stays in the list with no text and no ids; times are those of the word that took it.
package struct PunctuationMerge: Sendable, Hashable {
    private let prepended: String
    private let appended: String

    package init(prepended: String, appended: String) {
        self.prepended = prepended
        self.appended = appended
    }

    package func apply(to words: inout [WordTiming]) {
        prepend(&words)
        append(&words)
    }

    private func prepend(_ words: inout [WordTiming]) {
        var following = words.count - 1
        for index in words.indices.dropLast().reversed() {
            let text = words[index].text
            if text.beginsWithSpace, text.strippingWhitespace().isPart(of: prepended) {
                words[following].text = text + words[following].text
                words[following].tokenCount += words[index].tokenCount
                words[index].clear()
            } else {
                following = index
            }
        }
    }

    private func append(_ words: inout [WordTiming]) {
        var previous = 0
        for index in words.indices.dropFirst() {
            if !words[previous].text.endsWithSpace, words[index].text.isPart(of: appended) {
                words[previous].text += words[index].text
                words[previous].tokenCount += words[index].tokenCount
                words[index].clear()
            } else {
                previous = index
            }
        }
    }
}

extension WordTiming {
    fileprivate mutating func clear() {
        text = ""
        tokenCount = 0
    }
}
