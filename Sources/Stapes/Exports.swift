// What a user of the library meets in results and options lives beside the code that makes it.
@_exported import struct StapesAudio.AudioError
@_exported import struct StapesAudio.AudioLimits
@_exported import enum StapesAudio.AudioSource
@_exported import struct StapesAudio.VoiceActivityOptions
@_exported import struct StapesDecoding.Segment
@_exported import struct StapesDecoding.Word
@_exported import enum StapesDevice.Device
@_exported import enum StapesEngine.ComputeType
@_exported import enum StapesEngine.CrossKVType
@_exported import struct StapesEngine.EngineDescription
@_exported import struct StapesEngine.GraphDecision
@_exported import enum StapesEngine.GraphMode
@_exported import enum StapesEngine.LogMelPlace
