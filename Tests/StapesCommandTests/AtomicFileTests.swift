import Glibc
import StapesCommand
import Testing

@Suite struct AtomicFileTests {
    @Test func fileIsReplacedAsAWhole() throws {
        let folder = try TemporaryFolder()
        let path = try folder.add("a.txt", "old and long")
        let interrupts = Interrupts()
        try AtomicFile.write("new", to: path, interrupts: interrupts)
        #expect(folder.text("a.txt") == "new")
        #expect(try folder.names() == ["a.txt"])
        #expect(interrupts.temporaryFileCount == 0)
    }

    @Test func failureLeavesTheOldFileAndNothingElse() throws {
        let folder = try TemporaryFolder()
        try folder.add("a.txt/inside", "old")
        let interrupts = Interrupts()
        let error = #expect(throws: CommandError.self) {
            try AtomicFile.write("new", to: folder.path + "/a.txt", interrupts: interrupts)
        }
        #expect(error?.code == .output)
        #expect(error?.message == "\(folder.path)/a.txt: is a directory")
        #expect(try folder.names() == ["a.txt"])
        #expect(folder.text("a.txt/inside") == "old")
        #expect(interrupts.temporaryFileCount == 0)
    }

    @Test func missingFolderIsNamedWithTheFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/none/a.txt"
        let error = #expect(throws: CommandError.self) { try AtomicFile.write("x", to: path) }
        #expect(error?.message == "\(path): no such file or directory")
    }

    @Test func permissionsFollowTheMask() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write("x", to: folder.path + "/a.txt")
        var status = stat()
        #expect(stat(folder.path + "/a.txt", &status) == 0)
        let mask = umask(0)
        umask(mask)
        #expect(status.st_mode & 0o777 == 0o666 & ~mask)
    }
}
