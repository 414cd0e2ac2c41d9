"""Models over a real network: a server on loopback that stalls, breaks off, changes its file and lies."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.errors import ConfigError, RecognitionError
from assistant.recognition.download import alone, download, sha256_of
from assistant.recognition.install import MANIFEST, fetch, remove, verify
from assistant.recognition.models import check_model, find_vosk_model
from assistant.recognition.registry import PublishedModel, load_registry
from assistant.recognition.trial import try_model
from assistant.recognition.unpack import unpack
from tests.assistant.recognition.conftest import WORDS
from tests.tone_model import write_tone_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "vosk-model-small-en-us-tones"
DATA = bytes(range(256)) * 2048


class Server:
    """Serves one file, and at each request does what its plan says, then what is right."""

    def __init__(self) -> None:
        self.data = DATA
        self.etag = '"1"'
        self.plan: list[str] = []
        self.ranges: list[str | None] = []
        self.released = threading.Event()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.ranges.append(wanted)
        how = self.plan.pop(0) if self.plan else "well"
        if how.isdigit():
            handler.send_error(int(how))
            return
        if how == "elsewhere":
            handler.send_response(302)
            handler.send_header("Location", "http://example.invalid/file")
            handler.end_headers()
            return
        start = 0
        if wanted and handler.headers.get("If-Range") == self.etag and how != "no ranges":
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(self.data):
                handler.send_response(416)
                handler.send_header("Content-Range", f"bytes */{len(self.data)}")
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                return
            shifted = start + 1 if how == "shifted" else start
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {shifted}-{len(self.data) - 1}/{len(self.data)}")
        else:
            handler.send_response(200)
        body = self.data[start:]
        if how != "no length":
            handler.send_header("Content-Length", str(len(body)))
        if how != "no tag":
            handler.send_header("ETag", self.etag)
        handler.end_headers()
        if how == "corrupt":
            body = body[:100] + b"\0\0\0\0" + body[104:]
        if how in ("truncate", "stall"):
            body = body[: len(body) // 2]
        handler.wfile.write(body)
        handler.wfile.flush()
        if how == "stall":
            self.released.wait(60)


@contextmanager
def serving(server: Server) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # A client that has had enough hangs up.
            try:
                server.answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}/{NAME}.zip"
    finally:
        server.released.set()
        httpd.shutdown()
        thread.join()
        httpd.server_close()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def address(server: Server) -> Iterator[str]:
    with serving(server) as found:
        yield found


def get(address: str, part: Path, *, limit: int = 10**9, stall_s: float = 30.0) -> list[float]:
    """Download without waiting between tries; returns how long it would have waited."""
    pauses: list[float] = []
    download(address, part, limit=limit, stall_s=stall_s, pause=pauses.append)
    return pauses


def test_a_download_is_the_file_and_tells_how_far_it_is(address: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    download(address, tmp_path / "x", limit=10**9, progress=lambda done, total: seen.append((done, total)))
    assert (tmp_path / "x").read_bytes() == DATA
    assert seen[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize("how", ["truncate", "stall"])
def test_a_break_is_gone_on_from(server: Server, address: str, tmp_path: Path, how: str) -> None:
    server.plan = [how, how]
    get(address, tmp_path / "x", stall_s=0.3)
    assert (tmp_path / "x").read_bytes() == DATA
    assert server.ranges == [None, f"bytes={len(DATA) // 2}-", f"bytes={len(DATA) // 4 * 3}-"]


def test_an_earlier_download_is_gone_on_from(server: Server, address: str, tmp_path: Path) -> None:
    server.plan = ["truncate", *["503"] * 20]
    with pytest.raises(RecognitionError, match=r"could not be downloaded .*262,144 bytes are kept"):
        get(address, tmp_path / "x")
    server.plan = []
    get(address, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA
    # Whole already: nothing is sent again.
    get(address, tmp_path / "x")
    assert server.ranges[-1] == f"bytes={len(DATA)}-"
    assert (tmp_path / "x").read_bytes() == DATA


def test_the_rest_of_another_file_is_not_taken(server: Server, address: str, tmp_path: Path) -> None:
    server.plan = ["truncate", *["503"] * 20]
    with pytest.raises(RecognitionError):
        get(address, tmp_path / "x")
    server.plan, server.data, server.etag = [], DATA[::-1], '"2"'
    get(address, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA[::-1]


@pytest.mark.parametrize("how", ["no ranges", "no tag", "no length"])
def test_servers_that_can_less_are_asked_from_the_beginning(
    server: Server, address: str, tmp_path: Path, how: str
) -> None:
    server.plan = ["truncate" if how != "no tag" else "no tag", how]
    get(address, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == DATA


def test_errors_that_pass_are_waited_for_ever_longer(server: Server, address: str, tmp_path: Path) -> None:
    server.plan = ["500", "503", "429"]
    assert get(address, tmp_path / "x") == [1.0, 2.0, 4.0]
    assert (tmp_path / "x").read_bytes() == DATA


def test_what_cannot_be_had_is_an_error_at_once(server: Server, address: str, tmp_path: Path) -> None:
    server.plan = ["404"]
    with pytest.raises(RecognitionError, match="the server says 404"):
        get(address, tmp_path / "x")
    with pytest.raises(RecognitionError, match="524,288 bytes, more than the 1,000"):
        get(address, tmp_path / "x", limit=1000)
    server.plan = ["no length"]
    with pytest.raises(RecognitionError, match="goes on after 1,000 bytes"):
        get(address, tmp_path / "y", limit=1000)
    with pytest.raises(RecognitionError, match="no https address"):
        get("http://example.invalid/x.zip", tmp_path / "x")
    server.plan = ["truncate", "shifted"]
    with pytest.raises(RecognitionError, match="another part than it was asked for"):
        get(address, tmp_path / "z")


def test_no_server_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with serving(Server()) as gone:
        pass
    with pytest.raises(RecognitionError, match=r"there is no connection .* give the file with --from"):
        get(gone, tmp_path / "x")


def test_two_downloads_at_once_do_not_mix(tmp_path: Path) -> None:
    with (
        alone(tmp_path / "lock"),
        pytest.raises(RecognitionError, match="another program"),
        alone(tmp_path / "lock"),
    ):
        pass


# Archives.


def archive(
    path: Path, entries: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None
) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if change:
                change(info)
            made.writestr(info, data)
    return path


def link(info: zipfile.ZipInfo) -> None:
    info.create_system, info.external_attr = 3, 0o120777 << 16


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({"m/../../evil": b"x"}, "lies outside"),
        ({"/etc/evil": b"x"}, "lies outside"),
        ({"m\\..\\evil": b"x"}, "lies outside"),
        ({"C:/evil": b"x"}, "lies outside"),
        ({"evil": b"x"}, "lies in no folder"),
        ({"m/a": b"x", "n/a": b"x"}, "2 folders"),
        ({"m/a": b"x", "m/a/b": b"x"}, "lies in a file"),
        ({"m/zeros": bytes(50_000_000)}, "50,000,000 bytes unpacked"),
        ({f"m/{number}": b"" for number in range(10_001)}, "10,001 files"),
        ({}, "archive of nothing"),
    ],
)
def test_archives_that_no_published_model_is_like_are_refused(
    tmp_path: Path, entries: dict[str, bytes], why: str
) -> None:
    into = tmp_path / "deep" / "into"
    into.mkdir(parents=True)
    with pytest.raises(RecognitionError, match=why):
        unpack(archive(tmp_path / "a.zip", entries), into)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.zip", "deep", "into"]


def test_links_are_refused(tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(RecognitionError, match="is a link"):
        unpack(archive(tmp_path / "a.zip", {"m/passwd": b"/etc/passwd"}, link), into)
    assert not list(into.iterdir())


def test_sizes_that_lie_are_found_out(tmp_path: Path) -> None:
    """The directory announces less than there is: what the bomb check believed must also be what is written."""
    into = tmp_path / "into"
    into.mkdir()
    made = archive(tmp_path / "a.zip", {"m/a": bytes(100_000)})
    data = bytearray(made.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (500).to_bytes(4, "little")
    made.write_bytes(data)
    with pytest.raises(RecognitionError, match="damaged"):
        unpack(made, into)
    assert sum(path.stat().st_size for path in into.rglob("*") if path.is_file()) <= 500


def test_damage_is_found_by_the_archives_own_checksums(tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    noise = os.urandom(5000)
    made = archive(tmp_path / "a.zip", {"m/a": noise})
    data = bytearray(made.read_bytes())
    data[1000] ^= 0xFF
    made.write_bytes(data)
    with pytest.raises(RecognitionError, match="damaged"):
        unpack(made, into)
    made.write_bytes(b"no archive")
    with pytest.raises(RecognitionError, match="damaged or no ZIP"):
        unpack(made, into)


# Models.


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model of tones as it would be published."""
    folder = tmp_path_factory.mktemp("packed")
    write_tone_model(folder / NAME, WORDS)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted((folder / NAME).rglob("*")):
            made.write(path, path.relative_to(folder))
    return held.getvalue()


def published(data: bytes | None) -> PublishedModel:
    """An entry of the list."""
    import hashlib

    return PublishedModel(
        name=NAME,
        language="en",
        megabytes=1,
        licence="Apache-2.0",
        sha256=hashlib.sha256(data).hexdigest() if data else "",
        source="this test",
        about="tones",
    )


def test_a_fetched_model_is_found_verified_and_removed(
    server: Server, address: str, packed: bytes, tmp_path: Path
) -> None:
    server.data = packed
    server.plan = ["truncate"]
    models = tmp_path / "data" / "models"
    fetched = fetch(address, models, model=published(packed))
    assert fetched.folder == models / NAME
    assert fetched.checked
    assert find_vosk_model(None, environ={}, data_dir=tmp_path / "data", home=tmp_path) == models / NAME
    # Nothing else is left, but the lock.
    assert sorted(path.name for path in models.iterdir()) == [".lock", NAME]
    files = len(list((models / NAME).rglob("*.*"))) - 1
    assert verify(models / NAME, folder=models) == f"{files} files are as they were installed"
    with pytest.raises(RecognitionError, match="is there already"):
        fetch(address, models, model=published(packed))
    remove(NAME, models)
    assert find_vosk_model(None, environ={}, data_dir=tmp_path / "data", home=tmp_path) is None
    with pytest.raises(RecognitionError, match=r"there is no model .* \(there: none\)"):
        remove(NAME, models)


def test_what_is_not_what_was_published_is_not_installed(
    server: Server, address: str, packed: bytes, tmp_path: Path
) -> None:
    server.data = packed
    server.plan = ["corrupt"]
    with pytest.raises(RecognitionError, match=r"not [0-9a-f]{64} \(from "):
        fetch(address, tmp_path, model=published(packed))
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    # The next try begins anew, and is well.
    assert fetch(address, tmp_path, model=published(packed)).checked


def test_without_a_published_checksum_the_archives_own_are_compared(
    server: Server, address: str, packed: bytes, tmp_path: Path
) -> None:
    server.data = packed
    server.plan = ["corrupt"]
    with pytest.raises(RecognitionError, match="damaged|refused"):
        fetch(address, tmp_path, model=published(None))
    assert not fetch(address, tmp_path, model=published(None)).checked


def test_an_archive_of_this_machine_is_installed_and_stays(packed: bytes, tmp_path: Path) -> None:
    stick = tmp_path / f"{NAME}.zip"
    stick.write_bytes(packed)
    fetched = fetch(str(stick), tmp_path / "models")
    assert fetched.folder.name == NAME
    assert fetched.sha256 == sha256_of(stick)
    assert stick.exists()
    with pytest.raises(ConfigError, match="there is no file"):
        fetch(str(tmp_path / "none.zip"), tmp_path / "models")


def test_what_is_no_model_takes_no_models_place(packed: bytes, tmp_path: Path) -> None:
    models = tmp_path / "models"
    (tmp_path / f"{NAME}.zip").write_bytes(packed)
    fetch(str(tmp_path / f"{NAME}.zip"), models)
    before = (models / NAME / MANIFEST).read_bytes()
    archive(tmp_path / f"{NAME}.zip", {f"{NAME}/README": b"nothing"})
    with pytest.raises(RecognitionError, match=r"has no am/final\.mdl"):
        fetch(str(tmp_path / f"{NAME}.zip"), models, again=True)
    assert (models / NAME / MANIFEST).read_bytes() == before
    assert sorted(path.name for path in models.iterdir()) == [".lock", NAME]


def test_verifying_finds_every_change(packed: bytes, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.zip").write_bytes(packed)
    model = fetch(str(tmp_path / f"{NAME}.zip"), tmp_path / "models").folder
    words = model / "graph" / "words.txt"
    original = words.read_bytes()
    words.write_bytes(original.replace(b"jazz", b"fuzz"))
    with pytest.raises(RecognitionError, match=r"words\.txt has changed"):
        verify(model, folder=tmp_path / "models")
    words.unlink()
    with pytest.raises(RecognitionError, match=r"words\.txt is missing"):
        verify(model, folder=tmp_path / "models")
    words.write_bytes(original)
    (model / MANIFEST).write_text("{")
    with pytest.raises(RecognitionError, match="manifest.json is damaged"):
        verify(model, folder=tmp_path / "models")
    (model / MANIFEST).unlink()
    assert verify(model, folder=tmp_path / "models").startswith("no manifest")


@pytest.mark.parametrize("name", ["../vosk-model-x", "/etc", "", "notes"])
def test_only_models_can_be_removed(tmp_path: Path, name: str) -> None:
    (tmp_path / "models" / "notes").mkdir(parents=True)
    (tmp_path / "vosk-model-x").mkdir()
    with pytest.raises(RecognitionError, match="there is no model"):
        remove(name, tmp_path / "models")
    assert (tmp_path / "models" / "notes").is_dir()
    assert (tmp_path / "vosk-model-x").is_dir()


def cut_short(folder: Path) -> None:
    graph = folder / "graph" / "HCLr.fst"
    graph.write_bytes(graph.read_bytes()[: graph.stat().st_size // 2])


def without_dummy(folder: Path) -> None:
    path = folder / "am" / "final.mdl"
    path.write_bytes(path.read_bytes().replace(b"<LogProbs> \n [ 0 ", b"<LogProbs> \n [ ", 1))


def with_an_unknown_option(folder: Path) -> None:
    with (folder / "conf" / "model.conf").open("a") as file:
        file.write("--frobnicate=yes\n")


@pytest.mark.parametrize(
    ("damage", "why"),
    [(cut_short, "SIG|Failed"), (without_dummy, "SIG"), (with_an_unknown_option, "Failed to create a model")],
)
def test_a_model_that_kills_the_process_kills_another_one(
    tmp_path: Path, damage: Callable[[Path], None], why: str
) -> None:
    """What passes every look at names and beginnings, and then makes libvosk end the process or give up."""
    write_tone_model(tmp_path / "m", WORDS)
    before = {path: path.read_bytes() for path in (tmp_path / "m").rglob("*.*")}
    damage(tmp_path / "m")
    assert {path: path.read_bytes() for path in (tmp_path / "m").rglob("*.*")} != before
    check_model(tmp_path / "m")
    with pytest.raises(RecognitionError, match=rf"Vosk cannot use the model .*({why})"):
        try_model(tmp_path / "m", passed=tmp_path / "passed")
    assert not (tmp_path / "passed").exists()


def test_a_trial_is_made_again_when_a_file_has_changed(tmp_path: Path) -> None:
    write_tone_model(tmp_path / "m", WORDS)
    for _ in range(2):
        try_model(tmp_path / "m", passed=tmp_path / "passed")
    assert len(list((tmp_path / "passed").iterdir())) == 1
    graph = tmp_path / "m" / "graph" / "HCLr.fst"
    graph.write_bytes(graph.read_bytes()[:200])
    with pytest.raises(RecognitionError):
        try_model(tmp_path / "m", passed=tmp_path / "passed")


@pytest.mark.slow
def test_killed_on_the_way_there_is_a_whole_model_or_none(
    server: Server, address: str, packed: bytes, tmp_path: Path
) -> None:
    server.data = packed
    program = (
        "import sys\nfrom pathlib import Path\nfrom assistant.recognition.install import fetch\n"
        "fetch(sys.argv[1], Path(sys.argv[2]), again=True)"
    )
    for delay_s in (0.0, 0.3, 0.5, 0.7, 0.9, 1.2, 1.6):
        models = tmp_path / str(delay_s)
        process = subprocess.Popen(
            [sys.executable, "-c", program, address, str(models)], cwd=Path(__file__).parents[3]
        )
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (models / NAME).exists():
            verify(models / NAME, folder=models)
        fetch(address, models, again=True)
        verify(models / NAME, folder=models)
        assert not list(models.glob(f".{NAME}*"))
        shutil.rmtree(models)


def test_the_bundled_list_is_sound() -> None:
    registry = load_registry()
    assert registry.models[0].name == "vosk-model-small-en-us-0.15"
    assert {"en", "ko"} <= {model.language for model in registry.models}
    for model in registry.models:
        assert re.search(rf"-{model.language}\b", model.name)
        assert bool(model.sha256) == bool(model.source)
    assert registry.find("ko").name == "vosk-model-small-ko-0.22"
    with pytest.raises(ConfigError, match=r"no model 'klingon' .*vosk-model-small-en-us"):
        registry.find("klingon")
