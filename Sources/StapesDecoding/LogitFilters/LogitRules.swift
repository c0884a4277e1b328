import StapesTokenizer

/// The rules of one request, in the reference's order: from the ids sampled so far to the mask of the next step.
package struct LogitRules: Sendable {
    package let filters: [any LogitFilter]

    /// Sorted ids that every mask with `usesSuppressList` adds.
    package let suppressList: [Int]

    /// - Parameters:
    ///   - nonSpeechTokens: the ids that the default suppress list consists of.
    ///   - blankToken: the id of `" "`.
    package init(
        special: SpecialTokens, options: FilterOptions = FilterOptions(), nonSpeechTokens: [Int], blankToken: Int?
    ) {
        suppressList = special.suppressList(requested: options.suppressTokens, nonSpeech: nonSpeechTokens)
        var filters: [any LogitFilter] = []
        if options.suppressBlank {
            filters.append(BlankFilter(blankToken: blankToken, endOfText: special.endOfText))
        }
        filters.append(SuppressListFilter())
        if options.timestamps {
            filters.append(NoTimestampsFilter(noTimestamps: special.noTimestamps))
            filters.append(TimestampPairFilter(special: special))
            filters.append(TimestampOrderFilter(timestampBegin: special.timestampBegin))
            filters.append(
                InitialTimestampFilter(
                    timestampBegin: special.timestampBegin,
                    lastAllowed: WindowTime.lastAllowedStamp(maximumInitialTimestamp: options.maximumInitialTimestamp)))
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
