import Foundation
import StapesHub
import Testing

@Suite struct DigestTests {
    @Test func knownAnswers() throws {
        let abc = try FakeRepository.hashes(Array("abc".utf8))
        #expect(abc.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        // `printf 'hello\n' | git hash-object --stdin`
        #expect(try FakeRepository.hashes(Array("hello\n".utf8)).gitBlob == "ce013625030ba8dba906f756967f9e9ca394464a")
        #expect(try FakeRepository.hashes([]).gitBlob == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    }

    @Test func fileLongerThanABlockHashesAsItsBytesDo() throws {
        let temporary = TemporaryStore()
        let content = (0..<(1 << 20) + 3).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try temporary.write(["file": content], in: "")
        let expected = try FakeRepository.hashes(content).sha256
        #expect(try FileDigest.sha256(ofFile: temporary.root + "/file") == expected)
    }

    @Test func unreadableFileIsNamed() {
        let error = #expect(throws: HubError.self) { try FileDigest.sha256(ofFile: "/no/such/file") }
        #expect(error?.code == .fileSystem)
        #expect(error?.message == "cannot open '/no/such/file': no such file or directory")
    }
}
