import StapesDevice

/// One attention of the model: which kind, and in which layer.
package struct AttentionLayer: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Every position of a window attends to every other; nothing is kept.
        case encoderSelf
        /// A token attends to its sequence up to itself, through the self arena.
        case decoderSelf
        /// A token attends to its window, through the cross arena.
        case decoderCross
    }

    package let kind: Kind
    package let index: Int

    package init(_ kind: Kind, _ index: Int) {
        self.kind = kind
        self.index = index
    }
}

/// The one way in which the model attends. The model never sees a page.
package protocol Attention {
    /// Attends with `query` [T, width] and writes `output` [T, width].
    ///
    /// With `key` and `value` the decoder's kinds write them to the pool first and then attend; without them they
    /// attend to what the pool holds.
    func run(
        _ layer: AttentionLayer, query: MatrixView, key: MatrixView?, value: MatrixView?, into output: MatrixView)

    /// Writes `key` and `value` [T, width] to the pool and attends to nothing: a window's encoder output.
    func write(_ layer: AttentionLayer, key: MatrixView, value: MatrixView)
}
