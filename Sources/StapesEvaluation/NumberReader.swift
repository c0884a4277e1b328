/// Reads words one after the other and writes number words as digits.
///
/// Follows `EnglishNumberNormalizer.process_words` of the reference, case by case: `value` is the number read so far,
/// `prefix` the sign or currency that will be written before it.
struct NumberReader {
    private enum Value: CustomStringConvertible {
        /// A quantity: the next word may still add to it or multiply it.
        case number(DecimalNatural)
        /// Digits said one after the other, or with a point: the next word is appended.
        case text(String)

        var description: String {
            switch self {
            case .number(let number): number.description
            case .text(let text): text
            }
        }
    }

    private var value: Value?
    private var prefix: String?
    private var output: [String] = []

    static func read(_ words: [String]) -> [String] {
        var reader = NumberReader()
        let meanings = words.map(NumberWord.init)
        var skipsNext = false
        for (index, word) in words.enumerated() {
            if skipsNext {
                skipsNext = false
                continue
            }
            let previous = index > 0 ? meanings[index - 1] : nil
            let next = index + 1 < words.count ? words[index + 1] : nil
            if let numeral = Numeral(word) {
                reader.read(numeral, word)
            } else if let meaning = meanings[index] {
                skipsNext = reader.read(meaning, word, previous: previous, next: next)
            } else {
                reader.write(word)
            }
        }
        reader.writeValue()
        return reader.output
    }

    /// A number already in digits.
    private mutating func read(_ numeral: Numeral, _ word: String) {
        if case .text(let text) = value, text.hasSuffix(".") {
            value = .text(text + word)
            return
        }
        writeValue()
        prefix = numeral.prefix ?? prefix
        value = numeral.whole.map { .number($0) } ?? .text(numeral.digits)
    }

    /// - Returns: whether the next word has been used up too.
    private mutating func read(_ word: NumberWord, _ text: String, previous: NumberWord?, next: String?) -> Bool {
        switch word {
        case .zero: value = .text(significantText + "0")
        case .ones(let ones): value = joining(ones, previous)
        case .onesSuffixed(let ones, let suffix):
            let joined = joining(ones, previous)
            emit(joined.description + suffix)
        case .tens(let tens): value = joining(tens: tens)
        case .tensSuffixed(let tens, let suffix): emit(joining(tens: tens).description + suffix)
        case .multiplier(let exponent): multiply(exponent)
        case .multiplierSuffixed(let exponent, let suffix): multiply(exponent, suffix: suffix)
        case .sign(let sign):
            writeValue()
            if canBeNumeric(next) { prefix = sign } else { emit(text) }
        case .currency(let sign):
            if value == nil {
                emit(text)
            } else {
                prefix = sign
                writeValue()
            }
        case .percent: emit(value.map { "\($0)%" } ?? text)
        case .per:
            guard let value, next == "cent" else {
                write(text)
                break
            }
            emit("\(value)%")
            return true
        case .and, .repetition, .point:
            return readSpecial(word, text, previous: previous, next: next)
        }
        return false
    }

    /// Words that mean something only if a number may follow.
    private mutating func readSpecial(_ word: NumberWord, _ text: String, previous: NumberWord?, next: String?) -> Bool
    {
        guard canBeNumeric(next) else {
            write(text)
            return false
        }
        let following = next.flatMap(NumberWord.init)
        switch word {
        case .and:
            if previous?.isMultiplier != true { write(text) }
        case .repetition(let count):
            let digit: Int
            switch following {
            case .zero: digit = 0
            case .ones(let ones): digit = ones
            default:
                write(text)
                return false
            }
            value = .text(significantText + String(repeating: String(digit), count: count))
            return true
        default:
            // A point before what is no decimal (`point hundred`) is dropped.
            if following?.isDecimal == true || Numeral.isUnsigned(next) { value = .text(significantText + ".") }
        }
        return false
    }

    /// The value with a number below twenty said after it: added where the value has room for it, else appended.
    private func joining(_ ones: Int, _ previous: NumberWord?) -> Value {
        switch value {
        case nil: return .number(DecimalNatural(ones))
        case .number(let number) where previous?.isOnes != true:
            let hasRoom = number.dividesByPowerOfTen(ones < 10 ? 1 : 2)
            return hasRoom ? .number(number + DecimalNatural(ones)) : .text("\(number)\(ones)")
        case let value?:
            let text = value.description
            // Digits that end in a ten, as in `o twenty three`: its zero gives way.
            return .text((previous?.isTens == true && ones < 10 ? String(text.dropLast()) : text) + String(ones))
        }
    }

    private func joining(tens: Int) -> Value {
        switch value {
        case nil: .number(DecimalNatural(tens))
        case .text(let text): .text(text + String(tens))
        case .number(let number):
            number.dividesByPowerOfTen(2) ? .number(number + DecimalNatural(tens)) : .text("\(number)\(tens)")
        }
    }

    private mutating func multiply(_ exponent: Int) {
        switch value {
        case nil: value = .number(.powerOfTen(exponent))
        case .text(let text):
            if let product = Numeral.product(of: text, powerOfTen: exponent) {
                value = .number(product)
            } else {
                writeValue()
                value = .number(.powerOfTen(exponent))
            }
        case .number(let number):
            value = .number(number.scalingBelowThousand(byPowerOfTen: exponent))
        }
    }

    private mutating func multiply(_ exponent: Int, suffix: String) {
        multiply(exponent)
        emit((value?.description ?? "") + suffix)
    }

    /// The value as text to append to; a zero counts for nothing here, as in the reference.
    private var significantText: String {
        if case .number(let number) = value, number.isZero { return "" }
        return value?.description ?? ""
    }

    private func canBeNumeric(_ word: String?) -> Bool {
        word.flatMap(NumberWord.init) != nil || Numeral.isUnsigned(word)
    }

    /// Writes the value, if there is one, and then a word that is no part of it.
    private mutating func write(_ word: String) {
        writeValue()
        emit(word)
    }

    private mutating func writeValue() {
        if let value { emit(value.description) }
    }

    /// Writes text with the prefix that waits, and starts afresh.
    private mutating func emit(_ text: String) {
        output.append((prefix ?? "") + text)
        prefix = nil
        value = nil
    }
}
