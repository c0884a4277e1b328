import av
import numpy as np

SAMPLE_RATE = 16000


def decode(path):
    """The file as float32 samples, [samples], mono at 16 kHz. With PyAV, as faster-whisper does it."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    with av.open(path, metadata_errors="ignore") as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.float32) / 32768
