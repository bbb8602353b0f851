"""A witness cosigns what grows, and nothing else."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.cli import app
from api.witness_app import BODY_BYTES_MAX, create_witness_app
from ledger.seal.keys import SealKeyError
from ledger.seal.notes import COSIGNATURE, Checkpoint, Note, SigningKey, cosigned_at
from ledger.seal.trusted_keys import TrustedKey
from ledger.seal.witness import (
    HeldSizeError,
    LogRewrittenError,
    LogSignatureError,
    LogUnknownError,
    LogWentBackError,
    OldSizeError,
    ProofError,
    RemoteLog,
    Request,
    RequestError,
    Witness,
    fork_text,
)
from ledger.seal.witness_folder import WitnessFolder, WitnessFolderError
from ledger.seal.witness_http import (
    BYTES_MAX,
    AddressError,
    UnreachableError,
    checked_address,
    exchange,
)
from tests.seal.witnesses import (
    MCLEDGER,
    NOON,
    ORIGIN,
    LogInMemory,
    WitnessProcess,
    clean_environment,
    serving,
    until,
    witness_folder,
    witness_in,
)


@pytest.fixture
def log() -> LogInMemory:
    return LogInMemory(100)


@pytest.fixture
def witness(tmp_path: Path, log: LogInMemory) -> Witness:
    return witness_in(witness_folder(tmp_path, TrustedKey(log.key.verifier)))


def held(witness: Witness) -> int:
    checkpoint = witness.held(ORIGIN)
    return checkpoint.size if checkpoint else 0


def test_the_first_checkpoint_and_what_continues_it_is_cosigned(
    witness: Witness, log: LogInMemory
) -> None:
    for old, size in [(0, 100), (100, 100), (100, 257), (257, 1_000)]:
        log.become(size)
        line = witness.add(log.request(old))
        assert witness.public_key.verifies(log.checkpoint.text(), line.signature)
        assert cosigned_at(line.signature) == NOON.timestamp()
        newest = witness.newest(ORIGIN)
        assert newest is not None
        signers = Note.parse(newest).signers([log.key.verifier, witness.public_key])
        assert signers == [log.key.verifier, witness.public_key]
        assert held(witness) == size


@settings(max_examples=50)
@given(sizes=st.lists(st.integers(1, 600), min_size=1, max_size=6), data=st.data())
def test_only_what_a_witness_holds_can_be_continued(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], data: st.DataObject
) -> None:
    """Whatever is sent in whatever order: what is held only grows, and stays one history."""
    log = LogInMemory(1)
    folder = tmp_path_factory.mktemp("witness")
    witness = witness_in(witness_folder(folder, TrustedKey(log.key.verifier)))
    for size in sizes:
        before = held(witness)
        other = data.draw(st.booleans())
        log.become(size, salt="another" if other else "", common=min(before, size) // 2)
        old = data.draw(st.sampled_from([before, before, 0, size]))
        try:
            witness.add(log.request(min(old, size)))
        except (LogWentBackError, HeldSizeError, OldSizeError):
            assert held(witness) == before
        else:
            assert held(witness) == size >= before
            assert not (other and before > 1 and size > before)


@pytest.mark.parametrize(
    ("shown", "old", "error"),
    [
        ((99, ""), 99, HeldSizeError),
        ((99, ""), 100, OldSizeError),
        ((100, "x"), 100, LogRewrittenError),
        ((150, "x"), 100, ProofError),
        ((150, ""), 0, HeldSizeError),
        ((150, ""), 50, HeldSizeError),
    ],
)
def test_nothing_is_cosigned_that_does_not_continue_what_is_held(
    witness: Witness, log: LogInMemory, shown: tuple[int, str], old: int, error: type[Exception]
) -> None:
    witness.add(log.request(0))
    before = witness.newest(ORIGIN)
    log.become(*shown)
    request = log.request(min(old, log.size))._replace(old_size=old)
    with pytest.raises(error):
        witness.add(request)
    assert witness.newest(ORIGIN) == before


def test_only_pinned_keys_count_and_retired_ones_up_to_their_size(
    tmp_path: Path, log: LogInMemory
) -> None:
    witness = witness_in(witness_folder(tmp_path, TrustedKey(log.key.verifier, 120)))
    witness.add(log.request(0))
    log.become(121)
    with pytest.raises(LogSignatureError):
        witness.add(log.request(100))
    with pytest.raises(LogSignatureError):
        witness.add(LogInMemory(120, key=SigningKey.new(ORIGIN)).request(100))
    with pytest.raises(LogUnknownError):
        witness.add(LogInMemory(120, origin="other.example").request(0))
    assert held(witness) == 100


def test_signatures_of_strangers_are_not_kept(witness: Witness, log: LogInMemory) -> None:
    stranger = SigningKey.new("stranger.example")
    note = Note.parse(log.note)
    both = str(Note(note.text, (*note.lines, stranger.sign(note.text))))
    witness.add(Request(0, (), both))
    kept = Note.parse(witness.newest(ORIGIN) or "")
    assert [line.name for line in kept.lines] == [ORIGIN, witness.public_key.name]


def test_what_is_cosigned_is_on_the_disk_before_anybody_is_answered(
    tmp_path: Path, log: LogInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped anywhere before the answer, nobody has a signature that the folder has not."""
    folder = witness_folder(tmp_path, TrustedKey(log.key.verifier))

    class StoppedError(Exception):
        pass

    def stop(*_: object) -> None:
        raise StoppedError

    witness_in(folder).add(log.request(0))
    log.become(200)
    for step in ("os.fsync", "pathlib.Path.replace"):
        with monkeypatch.context() as broken:
            broken.setattr(step, stop)
            with pytest.raises(StoppedError):
                witness_in(folder).add(log.request(100))
        assert held(witness_in(folder)) == 100
    witness_in(folder).add(log.request(100))
    assert held(witness_in(folder)) == 200
    assert {size for size, _ in WitnessFolder(folder).roots(ORIGIN)} == {100, 200}


def test_the_same_checkpoint_again_takes_no_room(
    tmp_path: Path, witness: Witness, log: LogInMemory
) -> None:
    """Anybody may send what the ledger shows to all, as often as he likes."""

    def kept() -> int:
        return sum(file.stat().st_size for file in tmp_path.iterdir())

    witness.add(log.request(0))
    before = kept()
    for _ in range(3):
        witness.add(log.request(100))
    assert kept() == before
    log.become(120)
    witness.add(log.request(100))
    assert [size for size, _ in WitnessFolder(tmp_path).roots(ORIGIN)] == [100, 120]


def test_a_checkpoint_is_flushed_before_it_takes_its_place_and_the_folder_after_it(
    tmp_path: Path, log: LogInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = witness_folder(tmp_path, TrustedKey(log.key.verifier))
    done: list[str] = []
    flush, replace = os.fsync, Path.replace

    def flushed(handle: int) -> None:
        done.append(f"flush {Path(f'/proc/self/fd/{handle}').readlink().suffixes[:1]}")
        flush(handle)

    def replaced(path: Path, target: Path) -> Path:
        done.append("replace")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", replaced)
    witness_in(folder).add(log.request(0))
    assert done == ["flush ['.checkpoint']", "replace", "flush []"]


def test_a_witness_that_lost_its_newest_checkpoint_does_not_begin_anew(
    tmp_path: Path, witness: Witness, log: LogInMemory
) -> None:
    for old, size in [(0, 100), (100, 101)]:
        log.become(size)
        witness.add(log.request(old))
    [newest] = tmp_path.glob("*.checkpoint")
    content = newest.read_text("utf-8")
    newest.write_text(content[:40], "utf-8")
    with pytest.raises(WitnessFolderError, match="damaged"):
        witness.add(log.request(0))
    newest.unlink()
    with pytest.raises(WitnessFolderError, match="is gone"):
        witness.add(log.request(0))


def test_the_key_of_a_witness_is_its_own(tmp_path: Path) -> None:
    folder = WitnessFolder(tmp_path)
    with pytest.raises(WitnessFolderError, match="witness-key"):
        folder.key()
    key = folder.key("witness.example")
    assert (key.algorithm, folder.key()) == (COSIGNATURE, key)
    with pytest.raises(WitnessFolderError, match="holds a key of"):
        folder.key("other.example")
    with pytest.raises(WitnessFolderError, match="log-keys"):
        folder.log_keys()
    (tmp_path / "cosigning-key").chmod(0o644)
    with pytest.raises(SealKeyError, match="chmod 600"):
        folder.key()
    (tmp_path / "cosigning-key").chmod(0o600)
    (tmp_path / "cosigning-key").write_text("nothing")
    with pytest.raises(SealKeyError, match="PRIVATE"):
        folder.key()


# Looking at a ledger


def test_a_look_follows_the_tree_of_a_ledger(witness: Witness, log: LogInMemory) -> None:
    with serving(log) as url:
        for size in (100, 300, 300, 70_000):
            log.become(size)
            witness.look(RemoteLog(url))
            assert held(witness) == size
        log.become(69_000)
        with pytest.raises(LogWentBackError, match="1000 are missing"):
            witness.look(RemoteLog(url))
        log.become(70_000, salt="x")
        with pytest.raises(LogRewrittenError, match="another root"):
            witness.look(RemoteLog(url))
        log.become(71_000, salt="x", common=69_999)
        with pytest.raises(ProofError, match="does not continue"):
            witness.look(RemoteLog(url))
        log.become(71_000)
        log.tiles.kept.pop((1, 1))
        with pytest.raises(ProofError, match="does not show its tree"):
            witness.look(RemoteLog(url))
    assert held(witness) == 70_000
    with pytest.raises(UnreachableError):
        witness.look(RemoteLog(url))


@pytest.mark.parametrize(
    "url",
    ["", "ledger", "ftp://x", "http://", "http://x:0", "http://x/?a", "http://[", "http://x y"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(AddressError):
        checked_address(url)
    assert checked_address("https://x:80/y/") == "https://x:80/y"


# Its HTTP face


@pytest.fixture
def client(witness: Witness) -> TestClient:
    return TestClient(create_witness_app(witness))


def test_the_face_speaks_as_the_specification_says(
    client: TestClient, witness: Witness, log: LogInMemory
) -> None:
    assert client.get(f"/checkpoint/{ORIGIN}").status_code == 204
    assert client.get("/checkpoint/other.example").status_code == 404
    answer = client.post("/add-checkpoint", content=str(log.request(0)))
    assert (answer.status_code, answer.text[0]) == (200, "—")
    cosigned = log.note + answer.text
    assert Note.parse(cosigned).signers([witness.public_key]) == [witness.public_key]
    assert client.get(f"/checkpoint/{ORIGIN}").text == cosigned
    log.become(120)
    answer = client.post("/add-checkpoint", content=str(log.request(0)))
    assert (answer.status_code, answer.text) == (409, "100\n")
    assert answer.headers["content-type"] == "text/x.tlog.size"
    assert client.post("/add-checkpoint", content=str(log.request(100))).status_code == 200


def test_the_face_refuses_with_the_status_of_the_specification(
    client: TestClient, log: LogInMemory
) -> None:
    def status(request: Request | str | bytes) -> int:
        sent = request if isinstance(request, bytes) else str(request)
        return client.post("/add-checkpoint", content=sent).status_code

    assert status(log.request(0)) == 200
    assert status(LogInMemory(100, origin="other.example").request(0)) == 404
    assert status(LogInMemory(100, key=SigningKey.new(ORIGIN)).request(0)) == 403
    assert status(log.request(100)._replace(old_size=101)) == 400
    log.become(100, salt="x")
    assert status(log.request(100)) == 409
    log.become(150)
    assert status(log.request(100)._replace(proof=())) == 422
    assert status("old 0\n\nno note") == 422
    assert status(b"\xff") == 400
    assert status("x" * (BODY_BYTES_MAX + 1)) == 413


@given(st.integers(0, 100), st.integers(100, 700))
def test_a_request_is_read_as_it_was_written(old: int, size: int) -> None:
    request = LogInMemory(size).request(old)
    assert Request.parse(str(request)) == request


@pytest.mark.parametrize(
    "written",
    [
        "",
        "old 1",
        "new 1\n\nnote\n",
        "old\n\nnote\n",
        "old 01\n\nnote\n",
        "old -1\n\nnote\n",
        "old \u0661\n\nnote\n",
        "old 1\nAAAA\n\nnote\n",
        "old 1\n" + "A" * 44 + "\n\nnote\n",
        "old 1\n" + ("A" * 43 + "=\n") * 64 + "\nnote\n",
        "old " + "9" * 5_000 + "\n\nnote\n",
        "old 1\n\n",
    ],
)
def test_what_is_no_request_is_refused(written: str) -> None:
    with pytest.raises(RequestError):
        Request.parse(written)


# The command


@pytest.fixture
def folder(tmp_path: Path, log: LogInMemory) -> Path:
    return witness_folder(tmp_path / "witness", TrustedKey(log.key.verifier))


def run(*words: str | Path, status: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def test_one_look_from_the_command_line(folder: Path, log: LogInMemory) -> None:
    with serving(log) as url:
        look = ("witness", "--folder", folder, "--ledger", url)
        assert "100 events cosigned, the first seen" in run(*look).output
        log.become(140)
        assert "140 events cosigned, continues the 100" in run(*look).output
        log.become(130)
        assert "10 are missing [log-went-back]" in run(*look, status=3).output
        log.become(140, salt="x")
        assert "[log-rewritten]" in run(*look, status=3).output
        log.become(150, salt="x")
        assert "[consistency-unproved]" in run(*look, status=3).output
    assert isinstance(run(*look, status=1).exception, UnreachableError)


def test_of_several_ledgers_each_is_looked_at(folder: Path, log: LogInMemory) -> None:
    """One that does not answer hides neither another nor that another went back."""
    with serving(log) as gone:
        pass
    with serving(log) as url:
        look = ("witness", "--folder", folder, "--ledger", gone, "--ledger", url)
        found = run(*look, status=1)
        assert isinstance(found.exception, UnreachableError)
        assert "100 events cosigned" in found.output
        log.become(90)
        told = run(*look, status=3).output
        assert "[log-went-back]" in told
        assert "not witnessed: no answer: URLError [unreachable]" in told


def test_a_witness_that_cannot_keep_what_it_saw_goes_on_once_it_can(
    folder: Path, log: LogInMemory
) -> None:
    with (
        serving(log) as url,
        WitnessProcess(folder, "--ledger", url, "--follow", "0.05") as following,
    ):
        until(lambda: list(folder.glob("*.checkpoint")))
        [newest] = folder.glob("*.checkpoint")
        roots = newest.with_suffix(".roots")
        roots.mkdir()  # nothing can be written there, as on a full disk
        log.become(120)
        until(lambda: b"not witnessed" in following.told)
        roots.rmdir()
        until(lambda: f"\n{120}\n" in newest.read_text("utf-8"))


def test_a_witness_needs_nothing_of_a_ledger(tmp_path: Path, log: LogInMemory) -> None:
    """Its own process, without a setting, a database or a secret."""
    folder = tmp_path / "fresh"

    def mcledger(*words: str | Path) -> str:
        command = [MCLEDGER, words[0], "--folder", str(folder), *map(str, words[1:])]
        environment = clean_environment({"HOME": os.devnull})
        return subprocess.run(
            command, check=True, capture_output=True, text=True, env=environment
        ).stdout

    key = mcledger("witness-key", "--name", "witness.example/district")
    assert key == mcledger("witness-key", "--name", "witness.example/district")
    (folder / "log-keys").write_text(f"{log.key.verifier}\n")
    with serving(log) as url:
        assert "100 events cosigned" in mcledger("witness", "--ledger", url)


def test_a_witness_that_follows_a_log_goes_on_beyond_a_refusal(
    folder: Path, log: LogInMemory
) -> None:
    def size_held() -> int:
        newest = WitnessFolder(folder).newest(ORIGIN)
        return newest[0].size if newest else 0

    with (
        serving(log) as url,
        WitnessProcess(folder, "--ledger", url, "--follow", "0.05") as following,
    ):
        until(lambda: size_held() == 100)
        log.become(90)
        until(lambda: b"[log-went-back]" in following.told)
        log.become(120)
        until(lambda: size_held() == 120)
        answer = exchange(f"{following.url}/checkpoint/{ORIGIN}")
        assert Checkpoint.parse(Note.parse(answer.text()).text).size == 120


def test_a_root_that_a_crash_has_cut_off_spoils_no_other(
    folder: Path, witness: Witness, log: LogInMemory
) -> None:
    witness = witness_in(folder)
    witness.add(log.request(0))
    roots = next(folder.glob("*.checkpoint")).with_suffix(".roots")
    roots.write_text("4")
    log.become(120)
    witness.add(log.request(100))
    assert [size for size, _ in WitnessFolder(folder).roots(ORIGIN)] == [100, 120]


def test_wrong_usage_of_the_command_is_told(folder: Path, tmp_path: Path) -> None:
    assert "--listen" in run("witness", "--folder", folder, status=2).output
    assert run("witness", "--folder", tmp_path / "none", status=1).exception is not None
    assert "--ledger" in run("witness", "--folder", folder, "--follow", "1", status=2).output
    for listen in ("8000", "127.0.0.1:", ":8000", "127.0.0.1:65536", "127.0.0.1:-1"):
        run("witness", "--folder", folder, "--listen", listen, status=2)


# A fork


def statement(log: LogInMemory, new: SigningKey) -> str:
    text = fork_text(log.checkpoint, new.verifier, "restored_backup")
    return str(Note(text, (log.key.sign(text),)))


def test_a_log_goes_on_under_a_new_name_once_the_fork_is_shown(
    tmp_path: Path, folder: Path, log: LogInMemory
) -> None:
    old, new = log.key, SigningKey.new("ledger.example/district-2")
    witness = witness_in(folder)
    for before, size in [(0, 100), (100, 180)]:
        log.become(size)
        witness.add(log.request(before))
    log.become(120)  # what was brought back; the newest of it that was witnessed is at 100
    shown = tmp_path / "fork"
    shown.write_text(statement(log, new), "utf-8")
    log.key = new
    log.become(130, salt="new", common=120)
    with serving(log) as url:
        with pytest.raises(LogUnknownError):
            witness.look(RemoteLog(url))
        accepted = run("witness-fork", "--folder", folder, "--ledger", url, shown).output
        assert f"{ORIGIN} ends at 120 events; {new.name} goes on" in accepted
        run("witness-fork", "--folder", folder, "--ledger", url, shown)  # once more is no harm
        assert witness.newest(new.name) is None
        assert witness.look(RemoteLog(url)).before == 120
        log.become(140, salt="other", common=119)
        with pytest.raises(ProofError):
            witness.look(RemoteLog(url))
        with pytest.raises(LogRewrittenError, match="witnessed already"):
            witness.accept_fork(shown.read_text("utf-8"), RemoteLog(url))
    log.key = old
    log.become(181)
    with pytest.raises(LogSignatureError):
        witness.add(log.request(180))
    assert [str(one) for one in WitnessFolder(folder).log_keys()] == [
        f"{old.verifier} until 120",
        str(new.verifier),
    ]


def test_a_fork_that_keeps_something_else_than_was_witnessed_is_refused(
    folder: Path, log: LogInMemory
) -> None:
    new = SigningKey.new("ledger.example/district-2")
    witness = witness_in(folder)
    witness.add(log.request(0))
    with serving(log) as url:
        for size, common in [(100, 50), (120, 99)]:
            log.become(size, salt="x", common=common)
            with pytest.raises(LogRewrittenError, match="not what was witnessed at 100"):
                witness.accept_fork(statement(log, new), RemoteLog(url))
        log.become(120)
        stranger = LogInMemory(120, key=SigningKey.new(ORIGIN))
        with pytest.raises(LogSignatureError):
            witness.accept_fork(statement(stranger, new), RemoteLog(url))
    assert len(WitnessFolder(folder).log_keys()) == 1
    assert Checkpoint.parse(Note.parse(log.note).text) == log.checkpoint


def test_an_answer_is_bounded(log: LogInMemory) -> None:
    with serving(log) as url:
        assert exchange(f"{url}/nowhere").status == 404
        log.tiles.kept[0, 0] = bytes(32 * 256)
        assert len(exchange(f"{url}/tile/0/000").body) == 32 * 256

    class Endless(LogInMemory):
        note = "x" * (BYTES_MAX + 1)

    with serving(Endless(1)) as url, pytest.raises(UnreachableError, match="longer than"):
        exchange(f"{url}/checkpoint")
