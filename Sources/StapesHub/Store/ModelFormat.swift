/// The form a model's weights are stored in.
package enum ModelFormat: String, Sendable, Hashable, Codable {
    case safetensors
    case ctranslate2
    /// One file with everything, as whisper.cpp reads it.
    case ggml
}
