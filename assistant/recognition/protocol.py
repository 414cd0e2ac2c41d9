"""What every recogniser does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from assistant.records import Transcript
    from hardware.audio import AudioChunk


class Recogniser(Protocol):
    """Turns the chunks of one utterance after another into transcripts. Not safe to share between threads."""

    @property
    def engine(self) -> str:
        """Short name: "vosk" or "pocketsphinx"."""
        ...

    @property
    def model(self) -> str:
        """Name and version of engine and model, for the log."""
        ...

    @property
    def works_ahead(self) -> bool:
        """Whether `accept` does the work, so that `partial` is at hand at once; else `finish` does it."""
        ...

    def accept(self, chunk: AudioChunk) -> None:
        """Take the next chunk of the running utterance; the first after `finish` begins another."""
        ...

    def partial(self) -> str:
        """What has been understood of the running utterance so far; empty when nothing has."""
        ...

    def finish(self) -> Transcript:
        """End the utterance and return what was said; with no chunk, an empty transcript."""
        ...
