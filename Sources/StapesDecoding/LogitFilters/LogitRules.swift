import StapesTokenizer

/// The rules of one request, in the reference's order: from the ids sampled so far to the mask of the next step.
///
/// A device keeps to the same rules in one kernel (`stapes_select_arguments`), which is tested against this.
package struct LogitRules: Sendable {
    package let filters: [any LogitFilter]

    /// What the filters were made from: all that a device needs to carry out the same rules.
    package let parameters: RuleParameters

    /// Sorted ids that every mask with `usesSuppressList` adds.
    package let suppressList: [Int]

    /// - Parameters:
    ///   - nonSpeechTokens: the ids that the default suppress list consists of.
    ///   - blankToken: the id of `" "`.
    package init(
        special: SpecialTokens, options: FilterOptions = FilterOptions(), nonSpeechTokens: [Int], blankToken: Int?
    ) {
        suppressList = special.suppressList(requested: options.suppressTokens, nonSpeech: nonSpeechTokens)
        parameters = RuleParameters(special: special, options: options, blankToken: blankToken)
        var filters: [any LogitFilter] = []
        if parameters.suppressesBlank {
            filters.append(BlankFilter(blankToken: parameters.blankToken, endOfText: parameters.endOfText))
        }
        filters.append(SuppressListFilter())
        if parameters.timestamps {
            filters.append(NoTimestampsFilter(noTimestamps: parameters.noTimestamps))
            filters.append(TimestampPairFilter(special: special))
            filters.append(TimestampOrderFilter(timestampBegin: parameters.timestampBegin))
            filters.append(
                InitialTimestampFilter(
                    timestampBegin: parameters.timestampBegin, lastAllowed: parameters.lastInitialTimestamp))
            if let last = parameters.lastTimestamp {
                filters.append(WindowEndFilter(timestampBegin: parameters.timestampBegin, lastAllowed: last))
            }
            filters.append(TimestampMassFilter())
        }
        self.filters = filters
    }

    package init(coder: some TextCoder, options: FilterOptions = FilterOptions()) {
        self.init(
            special: coder.special, options: options, nonSpeechTokens: coder.nonSpeechTokens,
            blankToken: coder.encode(" ").first)
    }

    /// - Parameter sampled: the ids sampled in this window so far.
    package func mask(sampled: [Int]) -> LogitMask {
        var mask = LogitMask()
        for filter in filters {
            filter.add(to: &mask, sampled: sampled)
        }
        return mask
    }
}
