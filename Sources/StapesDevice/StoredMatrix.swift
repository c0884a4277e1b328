import CKernels

/// Rows of weights as a checkpoint has them, one after the other, at any address: what layers are packed from. Those of a
/// random model may lie nowhere, for devices that make such values themselves.
package struct StoredMatrix {
    package let rows: Int
    private let source: Source

    private enum Source {
        case memory(UnsafeRawPointer, ScalarType)
        case generated(GeneratedValues)
    }

    package init(_ pointer: UnsafeRawPointer, type: ScalarType, rows: Int) {
        source = .memory(pointer, type)
        self.rows = rows
    }

    /// For devices that generate values alone.
    package init(_ values: GeneratedValues, rows: Int) {
        source = .generated(values)
        self.rows = rows
    }

    package var pointer: UnsafeRawPointer { memory.pointer }
    package var type: ScalarType { memory.type }

    private var memory: (pointer: UnsafeRawPointer, type: ScalarType) {
        guard case .memory(let pointer, let type) = source else {
            preconditionFailure("values that lie nowhere, on a device that does not make them")
        }
        return (pointer, type)
    }

    /// What the rows are made from, if they lie nowhere.
    var generated: GeneratedValues? {
        guard case .generated(let values) = source else { return nil }
        return values
    }

    /// Whether the values are float32 and float16 holds all of them exactly.
    func fitsFloat16(columns: Int) -> Bool {
        type == .float32 && stapes_fits_float16(pointer, Int64(rows * columns))
    }
}

extension Stream {
    /// The values of all matrices, one after the other.
    func widened(_ matrices: [StoredMatrix], columns: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: matrices.rows * columns) { values, count in
            for matrix in matrices {
                launch(
                    kernels.convert,
                    stapes_convert_arguments(
                        x: matrix.pointer, y: values.baseAddress! + count, count: Int64(matrix.rows * columns),
                        x_type: matrix.type.kernelType, y_type: STAPES_FLOAT32))
                count += matrix.rows * columns
            }
        }
    }
}

extension [StoredMatrix] {
    var rows: Int { reduce(0) { $0 + $1.rows } }

    /// Calls `body` with each matrix and the panel that its first row begins.
    func forEachPanel(of lanes: Int, _ body: (StoredMatrix, _ panel: Int) -> Void) {
        var row = 0
        for matrix in self {
            precondition(row % lanes == 0, "a matrix begins inside a panel")
            body(matrix, row / lanes)
            row += matrix.rows
        }
    }
}
