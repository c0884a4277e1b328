"""What is asked of every engine, and what it answers. Knows no engine."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Job:
    """Files to transcribe in English, at temperature 0, without another try and without the text before as a prompt."""

    files: tuple[str, ...]
    #: Hypotheses that are followed; 1 is greedy.
    beam: int = 1
    #: Windows that may be decoded side by side, where an engine can.
    batch: int = 1
    #: Ask the model for times.
    timestamps: bool = False
    #: One recording of many windows: leave out silence and decode side by side, where an engine can.
    long: bool = False
    #: Time the encoder and the decoder apart as well.
    parts: bool = False
    #: A file for engines that start anew each time, to warm up with; the first file if there is none.
    warm_up: str | None = None


@dataclasses.dataclass
class Answer:
    """Times in seconds unless named otherwise."""

    wall_s: float
    windows: int | None = None
    tokens: int | None = None
    encode_ms_per_window: float | None = None
    #: With the prompt, which most engines do not time apart.
    decode_ms_per_token: float | None = None
    #: The prompt alone, of one window.
    prefill_ms: float | None = None
    peak_mib: float | None = None
    #: One a file, where the engine gives it.
    texts: list[str] | None = None
