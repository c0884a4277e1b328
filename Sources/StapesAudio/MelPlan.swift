import CKernels
import StapesModel

/// The kernel's tables for one filter bank, freed with the last copy that refers to it.
///
/// Unchecked because of the pointer: what it points to is written once in `init` and only read afterwards.
final class MelPlan: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ filters: MelFilterBank) {
        guard let plan = stapes_mel_plan_create(Int32(filters.bins), filters.weights) else {
            preconditionFailure("no memory for the tables of the mel filters")
        }
        pointer = plan
    }

    deinit { stapes_mel_plan_free(pointer) }
}
