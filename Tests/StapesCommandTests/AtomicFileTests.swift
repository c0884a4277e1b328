import Glibc
import StapesCommand
import StapesTesting
import Testing

@Suite struct AtomicFileTests {
    @Test func fileIsReplacedAsAWhole() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("old and long", to: "a.txt")
        let interrupts = Interrupts()
        try AtomicFile.write("new", to: path, interrupts: interrupts)
        #expect(folder.text("a.txt") == "new")
        #expect(try folder.names() == ["a.txt"])
        #expect(interrupts.temporaryFileCount == 0)
    }

    @Test func failureLeavesTheOldFileAndNothingElse() throws {
        let folder = try TemporaryDirectory()
        try folder.write("old", to: "a.txt/inside")
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
        let folder = try TemporaryDirectory()
        let path = folder.path + "/none/a.txt"
        let error = #expect(throws: CommandError.self) { try AtomicFile.write("x", to: path) }
        #expect(error?.message == "\(path): no such file or directory")
    }

    @Test func permissionsFollowTheMask() throws {
        let folder = try TemporaryDirectory()
        try AtomicFile.write("x", to: folder.path + "/a.txt")
        var status = stat()
        #expect(stat(folder.path + "/a.txt", &status) == 0)
        let mask = umask(0)
        umask(mask)
        #expect(status.st_mode & 0o777 == 0o666 & ~mask)
    }
}
