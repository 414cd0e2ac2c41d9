"""Models of the user's own folder: fetched, verified and removed. A model is there whole, or it is not there."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from assistant.errors import ConfigError, RecognitionError
from assistant.recognition.download import alone, download, sha256_of
from assistant.recognition.models import check_model, is_model_name
from assistant.recognition.trial import PASSED, try_model
from assistant.recognition.unpack import unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from assistant.recognition.registry import PublishedModel

MANIFEST: Final = "pennyworth-manifest.json"
"""In each model's folder: size and SHA-256 of its files as they were installed."""

LARGEST: Final = 4_000_000_000
"""Bytes that an archive may have whose size nobody published."""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A model that was fetched."""

    folder: Path
    """Where it is."""
    sha256: str
    """Of its archive."""
    checked: bool
    """Whether that is the one that is known of it; False where none is."""


def fetch(
    address: str,
    folder: Path,
    *,
    model: PublishedModel | None = None,
    again: bool = False,
    progress: Callable[[int, int | None], None] = lambda _done, _total: None,
    fetcher: Callable[..., None] = download,
) -> Fetched:
    """Bring the archive at `address` (https, or a file of this machine) into `folder` as a model.

    Downloaded, its SHA-256 compared where one is known, unpacked aside, checked, loaded once in a process of its
    own, and only then put in its place. Killed on the way it leaves what is downloaded, to go on with, and no model.

    Raises:
        RecognitionError: it cannot be had, is not what is known of it, is no model, or is there already.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecognitionError(f"cannot make the folder {folder}: {error.strerror}") from error
    local = Path(address).expanduser()
    if "://" not in address and not local.is_file():
        raise ConfigError(f"there is no file {local}; name an archive, or an https address")
    path = urlsplit(address).path if "://" in address else address
    name = model.name if model else Path(path).name.removesuffix(".zip")
    if not is_model_name(name):
        raise ConfigError(
            f"an archive called {Path(path).name!r} would not be found again as a model, since a name says of which "
            "language and size a model is; call it as it was published, such as vosk-model-small-en-us-0.15.zip"
        )
    target = folder / name
    with alone(folder / ".lock"):
        if target.exists() and not again:
            raise RecognitionError(f"{target} is there already; to fetch it anew, add --again")
        if "://" in address:
            archive = folder / f".{name}.zip.part"
            limit = model.megabytes * 2_000_000 if model else LARGEST
            fetcher(address, archive, limit=limit, progress=progress)
        else:
            archive = local
        sha256 = sha256_of(archive)
        if model and model.sha256 and sha256 != model.sha256:
            if archive != local:
                _forget(archive)
            raise RecognitionError(
                f"{archive.name} has the SHA-256 {sha256}, not {model.sha256} (from {model.source}): it was changed or "
                "damaged on its way, and is not used; fetch it again"
            )
        try:
            _put_in_place(archive, folder, target, sha256)
        except RecognitionError:
            # A damaged archive would be found damaged for ever if it were gone on with.
            if archive != local:
                _forget(archive)
            raise
        if archive != local:
            _forget(archive)
    return Fetched(folder=target, sha256=sha256, checked=bool(model and model.sha256))


def verify(model_dir: Path, *, folder: Path) -> str:
    """Look at every file of a model, and load it in a process of its own; returns what could be compared.

    Raises:
        RecognitionError: a file is missing, changed or damaged, or libvosk cannot use the model.
    """
    check_model(model_dir)
    said = "no manifest: it was not installed by `models fetch`, so its files cannot be compared"
    manifest = model_dir / MANIFEST
    if manifest.is_file():
        said = _compare(model_dir, manifest)
    try_model(model_dir, passed=None)
    # What has passed now need not be tried at the next start.
    try_model(model_dir, passed=folder / PASSED)
    return said


def remove(name: str, folder: Path) -> None:
    """Remove a model of `folder`; out of the way at once, so that half of it is never taken for a model.

    Raises:
        RecognitionError: there is none of that name.
    """
    target = folder / name
    if (
        Path(name).name != name
        or not name.startswith("vosk-model-")
        or not target.is_dir()
        or target.is_symlink()
    ):
        there = ", ".join(sorted(path.name for path in folder.glob("vosk-model-*"))) or "none"
        raise RecognitionError(
            f"there is no model {name!r} in {folder} (there: {there}); models elsewhere are not ours to remove"
        )
    with alone(folder / ".lock"):
        aside = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=folder))
        target.rename(aside / name)
        shutil.rmtree(aside)


def _put_in_place(archive: Path, folder: Path, target: Path, sha256: str) -> None:
    # What an earlier run was killed over.
    for left in folder.glob(f".{target.name}.unpacked-*"):
        shutil.rmtree(left, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.unpacked-", dir=folder))
    try:
        unpacked = unpack(archive, aside)
        check_model(unpacked)
        try_model(unpacked, passed=None)
        _write_manifest(unpacked, archive.name.removeprefix(".").removesuffix(".part"), sha256)
        if target.exists():
            target.rename(aside / "old")
        unpacked.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write_manifest(model_dir: Path, archive: str, sha256: str) -> None:
    files = {
        path.relative_to(model_dir).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(model_dir.rglob("*"))
        if path.is_file()
    }
    text = json.dumps({"archive": archive, "sha256": sha256, "files": files}, indent=1)
    (model_dir / MANIFEST).write_text(text, encoding="utf-8")


def _compare(model_dir: Path, manifest: Path) -> str:
    try:
        files = json.loads(manifest.read_bytes())["files"]
        for name, was in files.items():
            path = model_dir / name
            if not path.is_file():
                raise RecognitionError(f"{path} is missing; fetch the model again with --again")
            if path.stat().st_size != was["bytes"] or sha256_of(path) != was["sha256"]:
                raise RecognitionError(
                    f"{path} has changed since it was installed; fetch the model again with --again"
                )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecognitionError(
            f"{manifest} is damaged ({error}); fetch the model again with --again"
        ) from error
    return f"{len(files)} files are as they were installed"


def _forget(archive: Path) -> None:
    archive.unlink(missing_ok=True)
    archive.with_name(f"{archive.name}.tag").unlink(missing_ok=True)
