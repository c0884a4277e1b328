import FoundationEssentials

/// Writes `.safetensors` files.
package enum SafetensorsWriter {
    /// One tensor: `type` is the format's word (`F32`, `F16`, ...), `bytes` little-endian and row-major.
    package struct Entry: Sendable {
        package var name: String
        package var type: String
        package var shape: [Int]
        package var bytes: [UInt8]

        package init(name: String, type: String, shape: [Int], bytes: [UInt8]) {
            self.name = name
            self.type = type
            self.shape = shape
            self.bytes = bytes
        }

        package init(name: String, shape: [Int], values: [Float]) {
            self.init(
                name: name, type: "F32", shape: shape, bytes: values.withUnsafeBytes { Array($0) })
        }
    }

    /// The bytes of a file; the header is padded so that the data starts at a multiple of eight.
    package static func file(_ entries: [Entry]) throws -> [UInt8] {
        var header: [String: HeaderEntry] = [:]
        var offset = 0
        for entry in entries {
            header[entry.name] = HeaderEntry(
                dtype: entry.type, shape: entry.shape, dataOffsets: [offset, offset + entry.bytes.count])
            offset += entry.bytes.count
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var json = [UInt8](try encoder.encode(header))
        json += [UInt8](repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)

        var file: [UInt8] = []
        file.reserveCapacity(8 + json.count + offset)
        withUnsafeBytes(of: UInt64(json.count).littleEndian) { file += $0 }
        file += json
        for entry in entries { file += entry.bytes }
        return file
    }

    private struct HeaderEntry: Encodable {
        let dtype: String
        let shape: [Int]
        let dataOffsets: [Int]

        private enum CodingKeys: String, CodingKey {
            case dtype, shape
            case dataOffsets = "data_offsets"
        }
    }
}
