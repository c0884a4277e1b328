import Stapes
import StapesCommand
import StapesFormats
import Testing

@Suite struct OptionParsingTests {
    @Test(arguments: [("auto", nil), ("de", "de"), ("German", "de"), ("mandarin", "zh"), ("AUTO", nil)])
    func languageIsCodeNameAliasOrAuto(_ text: String, _ code: String?) throws {
        #expect(try OptionParsing.language(text) == code)
    }

    @Test(arguments: ["cpu", "auto", "cuda", "cuda:3", "cuda:all", "cuda:1,cuda:0", "cuda,cuda:2"])
    func knownDeviceIsUnderstood(_ text: String) throws {
        let expected: [String: DeviceSelection] = [
            "cpu": .cpu, "auto": .auto, "cuda": .cuda(0), "cuda:3": .cuda(3), "cuda:all": .allGPUs,
            "cuda:1,cuda:0": .gpus([1, 0]), "cuda,cuda:2": .gpus([0, 2]),
        ]
        #expect(try OptionParsing.device(text) == expected[text])
    }

    @Test func suppressTokensKeepsMinusOneAmongOthers() throws {
        #expect(try OptionParsing.suppressTokens("-1") == nil)
        #expect(try OptionParsing.suppressTokens("") == [])
        #expect(try OptionParsing.suppressTokens("5, 7") == [5, 7])
        #expect(try OptionParsing.suppressTokens("-1,50") == [-1, 50])
    }

    @Test func thresholdNoneTurnsTestOff() throws {
        #expect(try OptionParsing.threshold("None") == nil)
        #expect(try OptionParsing.threshold("-0.5") == -0.5)
    }

    @Test func threadsZeroLeavesTheChoice() throws {
        #expect(try OptionParsing.threads("0") == nil)
        #expect(try OptionParsing.threads("3") == 3)
    }

    @Test func limitsAreTheLibrarys() throws {
        let (threads, sizes) = (TranscriberConfiguration.threadCounts, TranscriberConfiguration.batchSizes)
        #expect(try OptionParsing.threads("\(threads.upperBound)") == threads.upperBound)
        #expect(try OptionParsing.batchSize("\(sizes.upperBound)") == sizes.upperBound)
        #expect(!TranscriberConfiguration.attentionBackends.isEmpty)
        for name in TranscriberConfiguration.attentionBackends {
            #expect(try OptionParsing.attentionBackend(name) == name)
        }
    }

    @Test func graphRowsAreSortedWithoutRepetitions() throws {
        #expect(try OptionParsing.graphRows("8,1,8") == [1, 8])
    }

    @Test func formatsAreAListOrAll() throws {
        #expect(try OptionParsing.formats("srt,txt,srt") == [.srt, .txt])
        #expect(try OptionParsing.formats("all") == [.txt, .vtt, .srt, .tsv, .json])
        #expect(try OptionParsing.formats("jsonl,lrc,csv") == [.jsonl, .lrc, .csv])
    }

    @Test(arguments: [("42", 42), ("1", 1), ("0", nil), ("None", nil)])
    func layoutLimitIsANumberOrNone(_ text: String, _ limit: Int?) throws {
        #expect(try OptionParsing.layoutLimit(text) == limit)
    }

    @Test(arguments: [
        ("0", 0), ("1", 1), ("4096", 4096), ("4K", 4096), ("512M", 512 << 20), ("2G", 2 << 30), ("1T", 1 << 40),
        ("3k", 3072), ("2g", 2 << 30), ("0G", 0), ("9223372036854775807", .max), ("8388607T", 8_388_607 << 40),
    ])
    func bytesAreCountedInPowersOf1024(_ text: String, _ count: Int) throws {
        #expect(try OptionParsing.byteCount(text) == count)
    }

    @Test(arguments: [
        "", "M", "-1", "-1M", "1.5G", "12MB", "1P", "ten", "1 M", "9223372036854775808", "8388608T", "0x10",
    ])
    func whatIsNoNumberOfBytesIsRefused(_ text: String) {
        #expect(throws: (any Error).self) { try OptionParsing.byteCount(text) }
    }

    @Test func temperatureIsZeroOrMore() throws {
        for (text, value) in [("0", 0), ("0.2", 0.2), ("1", 1), ("1e-3", 0.001)] {
            #expect(try OptionParsing.temperature(text) == value)
        }
    }

    @Test func seedIsAnyWholeNumberOf64Bits() throws {
        #expect(try OptionParsing.seed("0") == 0)
        #expect(try OptionParsing.seed("18446744073709551615") == .max)
    }

    @Test func audioContextIsAtMostTheModels() throws {
        #expect(try OptionParsing.audioContext("1") == .positions(1))
        #expect(try OptionParsing.audioContext("1500") == .positions(1500))
        #expect(try OptionParsing.audioContext("auto") == .automatic)
    }

    @Test func lookAheadAutoLeavesTheChoice() throws {
        #expect(try OptionParsing.lookAhead("auto") == nil)
        #expect(try OptionParsing.lookAhead("on") == true)
        #expect(try OptionParsing.lookAhead("off") == false)
    }

    @Test func logMelIsMadeInOneOfTwoPlaces() throws {
        #expect(try OptionParsing.logMel("auto") == .auto)
        #expect(try OptionParsing.logMel("host") == .host)
        #expect(try OptionParsing.logMel("device") == .device)
    }

    @Test func wrongWordIsRefusedWithItself() {
        let attempts: [(String, () throws -> Void)] = [
            ("klingon", { _ = try OptionParsing.language("klingon") }),
            ("sing", { _ = try OptionParsing.task("sing") }),
            ("doc", { _ = try OptionParsing.formats("txt,doc") }),
            ("cuda:x", { _ = try OptionParsing.device("cuda:x") }),
            ("cuda:-1", { _ = try OptionParsing.device("cuda:-1") }),
            ("int4", { _ = try OptionParsing.computeType("int4") }),
            ("fast", { _ = try OptionParsing.attentionBackend("fast") }),
            ("-2", { _ = try OptionParsing.suppressTokens("-2") }),
            ("1,a", { _ = try OptionParsing.suppressTokens("1,a") }),
            ("nan", { _ = try OptionParsing.threshold("nan") }),
            ("-1", { _ = try OptionParsing.threads("-1") }),
            ("zero", { _ = try OptionParsing.repetitions("zero") }),
            ("0", { _ = try OptionParsing.batchSize("0") }),
            ("1025", { _ = try OptionParsing.threads("1025") }),
            ("maybe", { _ = try OptionParsing.graphMode("maybe") }),
            ("300", { _ = try OptionParsing.graphRows("1,300") }),
            ("-7", { _ = try OptionParsing.layoutLimit("-7") }),
            ("wide", { _ = try OptionParsing.layoutLimit("wide") }),
            ("257", { _ = try OptionParsing.batchSize("257") }),
            ("12MB", { _ = try OptionParsing.byteCount("12MB") }),
            ("-0.1", { _ = try OptionParsing.temperature("-0.1") }),
            ("inf", { _ = try OptionParsing.temperature("inf") }),
            ("1e400", { _ = try OptionParsing.temperature("1e400") }),
            ("nan", { _ = try OptionParsing.temperature("nan") }),
            ("warm", { _ = try OptionParsing.temperature("warm") }),
            ("-1", { _ = try OptionParsing.seed("-1") }),
            ("1.5", { _ = try OptionParsing.seed("1.5") }),
            ("18446744073709551616", { _ = try OptionParsing.seed("18446744073709551616") }),
            ("0", { _ = try OptionParsing.audioContext("0") }),
            ("automatic", { _ = try OptionParsing.audioContext("automatic") }),
            ("1501", { _ = try OptionParsing.audioContext("1501") }),
            ("True", { _ = try OptionParsing.lookAhead("True") }),
            ("auto", { _ = try OptionParsing.programmaticLaunch("auto") }),
            ("gpu", { _ = try OptionParsing.logMel("gpu") }),
            ("float4", { _ = try OptionParsing.crossKVType("float4") }),
        ]
        for (word, attempt) in attempts {
            do {
                try attempt()
                Issue.record("\(word) was accepted")
            } catch {
                #expect("\(error)".contains(word))
            }
        }
    }
}
