/// Names a sequence; later ones have higher numbers.
package struct SequenceID: Sendable, Hashable, Comparable {
    package let number: Int

    package init(_ number: Int) { self.number = number }

    package static func < (left: SequenceID, right: SequenceID) -> Bool { left.number < right.number }
}

/// What a sequence needs, as the scheduler sees it.
package struct SequenceDemand: Sendable, Hashable {
    package let promptCount: Int
    /// Tokens that may be sampled at most.
    package let stepLimit: Int
    package let key: WindowKey
    /// Positions of the encoded window.
    package let encoderLength: Int
    /// Rows of a decode step: the hypotheses of a beam, or one.
    package let width: Int
    /// Names of the prompt's first pages, which other sequences of the same window may have run already.
    package let prefix: [PrefixKey]
    /// Whose turn it takes.
    package let job: Job

    package init(
        promptCount: Int, stepLimit: Int, key: WindowKey, encoderLength: Int, width: Int = 1, prefix: [PrefixKey] = [],
        job: Job = Job()
    ) {
        precondition(
            prefix.count * KVLayout.tilePositions < promptCount || prefix.isEmpty, "a prompt's last token runs")
        self.promptCount = promptCount
        self.stepLimit = stepLimit
        self.key = key
        self.encoderLength = encoderLength
        self.width = width
        self.prefix = prefix
        self.job = job
    }
}

/// A sequence inside the scheduler.
package struct ScheduledSequence: Sendable {
    package enum State: Sendable, Hashable {
        case waiting
        case encoding
        case encoded
        case decoding
        /// It has all the tokens it may have, of which the host has not seen the last yet.
        case ending
    }

    package let demand: SequenceDemand
    package var state = State.waiting
    /// Its pages of the self arena.
    package var pages: [Int32] = []
    /// Its block of the cross arena.
    package var block: Int32?
    /// It is the one whose turn encodes the block.
    var encodes = false
    /// Tokens in the self arena.
    package var length = 0
    /// Tokens sampled, those included that the host has not seen yet.
    package var sampled = 0

    init(demand: SequenceDemand) { self.demand = demand }
}

/// What one step does, in this order.
package struct Step: Sendable, Hashable {
    package struct Encoding: Sendable, Hashable {
        package let id: SequenceID
        package let block: Int32
    }

    /// Windows that are encoded together: all of full length, or a shorter one alone.
    package var encode: [Encoding] = []
    package var prefill: [SequenceID] = []
    package var decode: [SequenceID] = []

    package var isEmpty: Bool { encode.isEmpty && prefill.isEmpty && decode.isEmpty }
}
