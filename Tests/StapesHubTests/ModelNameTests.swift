import StapesHub
import Testing

@Suite struct ModelNameTests {
    @Test(arguments: [
        ("tiny.en", "openai/whisper-tiny.en", "tiny.en"), ("large-v1", "openai/whisper-large", "large-v1"),
        ("large", "openai/whisper-large-v3", "large-v3"), ("turbo", "openai/whisper-large-v3-turbo", "large-v3-turbo"),
        ("distil-large-v3", "distil-whisper/distil-large-v3", "distil-large-v3"),
        ("Systran/faster-whisper-base", "Systran/faster-whisper-base", "Systran--faster-whisper-base"),
    ])
    func nameStandsForHubIDAndDirectory(text: String, hubID: String, directory: String) throws {
        let reference = try ModelReference(text)
        #expect(reference.hubID == hubID)
        #expect(reference.directoryNames.first == directory)
    }

    @Test func nameAndItsHubIDFindEachOther() throws {
        #expect(try ModelReference("base").directoryNames == ["base", "openai--whisper-base"])
        #expect(try ModelReference("openai/whisper-base").directoryNames == ["openai--whisper-base", "base"])
    }

    @Test(arguments: [
        "", "..", "../base", "a/../b", "a/b/c", "/base", "base/", "a//b", ".hidden", "-m", "ba se", "a\nb", "ä",
    ])
    func textThatCouldLeaveTheCacheIsRefused(text: String) {
        let error = #expect(throws: HubError.self) { try ModelReference(text) }
        #expect(error?.code == .invalidReference)
    }

    @Test(arguments: [
        ("bse", "base"), ("Base", "base"), ("whisper-small", "small"), ("large_v3", "large-v3"),
        ("large-v4", "large-v1"),
        ("distil-large-v33", "distil-large-v3"), ("tubro", "turbo"),
    ])
    func mistypedNameSuggestsTheNearest(text: String, expected: String) {
        #expect(ModelCatalogue.suggestion(for: text) == expected)
    }

    @Test(arguments: ["wav2vec2", "x", "parakeet"]) func foreignNameSuggestsNothing(text: String) {
        #expect(ModelCatalogue.suggestion(for: text) == nil)
    }

    @Test(arguments: [
        (["STAPES_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"], "/a"),
        (["XDG_CACHE_HOME": "/b", "HOME": "/c"], "/b/stapes/models"),
        (["STAPES_CACHE": "", "HOME": "/c"], "/c/.cache/stapes/models"),
    ])
    func cacheFollowsTheEnvironment(environment: [String: String], expected: String) {
        #expect(CacheRoot.path(environment: environment) == expected)
    }
}
