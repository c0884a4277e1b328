import CKernels
import StapesModel

/// The kernel's copy of the network's weights, freed with the last copy that refers to it.
///
/// Unchecked because of the pointer: what it points to is written once in `init` and only read afterwards.
final class VoiceActivityPlan: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ weights: VoiceActivityWeights) {
        precondition(weights.values.count == Int(STAPES_VAD_WEIGHT_COUNT), "the kernel knows another network")
        precondition(SpeechSegmenter.frame == Int(STAPES_VAD_FRAME), "the kernel's frames are of another length")
        guard let plan = stapes_vad_plan_create(weights.values) else {
            preconditionFailure("no memory for the weights of the voice activity network")
        }
        pointer = plan
    }

    deinit { stapes_vad_plan_free(pointer) }
}
