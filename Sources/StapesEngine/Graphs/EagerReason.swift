/// Why a step was not replayed.
package enum EagerReason: String, Sendable, Hashable, CaseIterable {
    /// The gate said no, or nothing was captured.
    case graphsOff = "graphs_off"
    /// The step is larger than every captured one, or a window is not of the captured length.
    case noGraphHasRoom = "no_graph_has_room"
    /// A graph would have to be padded, which was switched off.
    case paddingOff = "padding_off"
    /// The caller passed the graphs by.
    case asked = "asked"
}
