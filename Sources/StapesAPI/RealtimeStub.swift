import Stapes
package enum RealtimeFrame: Sendable { case text([UInt8]), binary }
package protocol LiveSpeech: Sendable {}
