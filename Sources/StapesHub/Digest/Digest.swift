import CLibcrypto

/// A running SHA-256 or SHA-1, fed in pieces.
struct Digest: ~Copyable {
    enum Algorithm: Sendable {
        case sha256, sha1
    }

    private let context: OpaquePointer

    /// - Throws: `contentMismatch` when libcrypto refuses the algorithm (a FIPS policy): nothing can be checked then.
    init(_ algorithm: Algorithm) throws(HubError) {
        guard let context = EVP_MD_CTX_new() else {
            preconditionFailure("libcrypto could not allocate a digest context")
        }
        let function =
            switch algorithm {
            case .sha256: EVP_sha256()
            case .sha1: EVP_sha1()
            }
        guard EVP_DigestInit_ex(context, function, nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw HubError(.contentMismatch, "libcrypto refuses \(algorithm): hashes cannot be checked")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let status = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(status == 1, "libcrypto failed while hashing memory")
    }

    /// Lower-case hexadecimal.
    consuming func finalize() -> String {
        var count: UInt32 = 0
        let bytes = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(EVP_MAX_MD_SIZE)) { buffer in
            let status = EVP_DigestFinal_ex(context, buffer.baseAddress, &count)
            precondition(status == 1, "libcrypto failed while finishing a hash")
            return Array(buffer[..<Int(count)])
        }
        return Hexadecimal.string(bytes)
    }
}
