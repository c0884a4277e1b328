import CKernels

// The table of operations as the model calls it. Shapes: T tokens or rows, D width.
extension Stream {
    /// `output` [T, D] = layer norm of `input` [T, D] (float32).
    package func layerNorm(_ input: MatrixView, _ norm: borrowing LayerNorm, into output: MatrixView) {
        precondition(input.columns == norm.width && output.columns == norm.width && input.rows == output.rows)
        launch(
            kernels.layerNorm,
            stapes_layer_norm_arguments(
                x: input.float32, gamma: norm.gamma, beta: norm.beta, y: output.pointer, rows: Int64(input.rows),
                width: Int64(norm.width), x_stride: Int64(input.rowStride), y_stride: Int64(output.rowStride),
                y_type: output.type.kernelType, epsilon: LayerNorm.epsilon))
    }

    /// `output` [T, D] (float32) = token embedding + position embedding.
    package func embed(
        tokens: UnsafePointer<Int32>, positions: UnsafePointer<Int32>, table: UnsafeRawPointer, tableType: ScalarType,
        positionTable: UnsafePointer<Float>, into output: MatrixView
    ) {
        launch(
            kernels.embed,
            stapes_embed_arguments(
                tokens: tokens, positions: positions, table: table, position_table: positionTable, y: output.float32,
                rows: Int64(output.rows), width: Int64(output.columns), table_type: tableType.kernelType))
    }

    /// `output` [n, D] = the rows of `input` [T, D] (float32) that `indices` [n] names.
    package func gather(_ input: MatrixView, rows indices: UnsafePointer<Int32>, into output: MatrixView) {
        precondition(input.rowStride == input.columns && output.rowStride == output.columns)
        launch(
            kernels.gather,
            stapes_gather_arguments(
                x: input.float32, indices: indices, y: output.float32, rows: Int64(output.rows),
                width: Int64(output.columns)))
    }

    /// The likeliest of `logits` [R, V] (float32) again, as `input` [R, D] (float32) times rows of `table` [V, D].
    ///
    /// - Parameter groups: one past the last id of each range of ids in which the likeliest are looked for.
    package func refine(
        _ logits: MatrixView, input: MatrixView, table: UnsafeRawPointer, tableType: ScalarType,
        groups: (text: Int, special: Int, stamps: Int)
    ) {
        precondition(input.rows == logits.rows, "shapes do not meet")
        precondition(
            0 < groups.text && groups.text <= groups.special && groups.special <= groups.stamps
                && groups.stamps <= logits.columns, "ranges outside the vocabulary")
        launch(
            kernels.refine,
            stapes_refine_arguments(
                logits: logits.float32, inputs: input.float32, table: table, rows: Int64(logits.rows),
                width: Int64(input.columns), logits_stride: Int64(logits.rowStride),
                input_stride: Int64(input.rowStride),
                group_ends: (Int64(groups.text), Int64(groups.special), Int64(groups.stamps)),
                table_type: tableType.kernelType))
    }

    /// `output` += `input`, `count` values of float32; so for each of `repeats` runs of `output`, one after the other.
    package func add(
        _ input: UnsafePointer<Float>, count: Int, repeats: Int = 1, to output: UnsafeMutablePointer<Float>
    ) {
        launch(kernels.add, stapes_add_arguments(x: input, y: output, count: Int64(count), repeats: Int64(repeats)))
    }

    /// `output` = `input`, `count` values converted to `type`.
    package func convert(
        _ input: UnsafePointer<Float>, count: Int, into output: UnsafeMutableRawPointer, type: ScalarType
    ) {
        launch(
            kernels.convert,
            stapes_convert_arguments(
                x: input, y: output, count: Int64(count), x_type: STAPES_FLOAT32, y_type: type.kernelType))
    }
}
