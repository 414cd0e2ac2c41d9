"""The sound of what was said, kept beside the log where that was asked for: one FLAC file an interaction.

Whether an interaction has sound is whether its file is there. A file is named by the interaction's id, and that tells
the time, too, so that what is kept for so many days can be found without asking the database.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from hardware.audiofile import write_flac

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class AudioShelf:
    """The folder of the recordings of one log."""

    def __init__(self, db: Path) -> None:
        self.folder = db.with_name(f"{db.stem}-audio")
        """Beside the database; made when the first recording is kept."""

    def keep(self, interaction_id: str, samples: NDArray[np.int16]) -> Path:
        """Keep mono samples at 16 kHz, shape (n,), readable by the owner only, whole or not at all.

        Raises:
            AudioFileError: it cannot be written.
            OSError: the folder cannot be made.
            ValueError: `interaction_id` is no id of ours.
        """
        path = self._path(interaction_id)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_flac(path, samples)
        return path

    def find(self, interaction_id: str) -> Path | None:
        """The recording of an interaction, if there is one; whatever is no id of ours has none."""
        if not _ID.fullmatch(interaction_id):
            return None
        path = self._path(interaction_id)
        return path if path.is_file() and not path.is_symlink() else None

    def ids(self) -> Iterator[str]:
        """The interactions that have a recording, oldest first."""
        names = sorted(path.stem for path in self.folder.glob("*.flac")) if self.folder.is_dir() else []
        return (name for name in names if _ID.fullmatch(name))

    def size(self) -> tuple[int, int]:
        """How many recordings there are, and how many bytes they take."""
        sizes = [path.stat().st_size for id_ in self.ids() if (path := self.find(id_))]
        return len(sizes), sum(sizes)

    def remove(self, interaction_id: str) -> bool:
        """Delete the recording of an interaction; whether there was one."""
        path = self.find(interaction_id)
        if path is None:
            return False
        path.unlink(missing_ok=True)
        return True

    def remove_older(self, now: datetime, days: int) -> int:
        """Delete what was said more than `days` days before `now`, an aware time; how many there were."""
        limit = now - timedelta(days=days)
        return sum(self.remove(id_) for id_ in list(self.ids()) if said_at(id_) < limit)

    def _path(self, interaction_id: str) -> Path:
        if not _ID.fullmatch(interaction_id):
            raise ValueError(f"{interaction_id!r} is no id of an interaction")
        return self.folder / f"{interaction_id}.flac"


def said_at(interaction_id: str) -> datetime:
    """The time in a UUID of version 7, to the millisecond, UTC."""
    return datetime.fromtimestamp((uuid.UUID(interaction_id).int >> 80) / 1000, UTC)
