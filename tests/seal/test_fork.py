"""Keys of the seal that are exchanged, and a log that goes on by a new name after a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest
from typer.testing import CliRunner

from api.auth import mint_development_token
from api.cli import app
from api.edge import open_ledger
from api.settings import read_settings
from ledger.aggregates.seal_keys import SealKeys, SecondPersonError
from ledger.application import Call, Ledger
from ledger.commands.access import grant_access
from ledger.commands.seal_keys import SEAL_KEYS_STREAM
from ledger.errors import ForbiddenError, LedgerError, NotSignedInError
from ledger.events import AnySealKeysEvent
from ledger.events.seal_keys import ForkRequested, LogForked, SealKeyAdded, SealKeyRetired
from ledger.seal.forking import ForkRefusedError
from ledger.seal.keys import FileLogSigner, LastSigned
from ledger.seal.leaves import leaf
from ledger.seal.notes import Proof
from ledger.seal.reads import SealReads
from ledger.seal.trusted_keys import SealKeyError, parse_trusted_keys
from ledger.seal.witness import LogUnknownError, LogWentBackError, RemoteLog, Request
from ledger.seal.witness_folder import WitnessFolder
from projections import setup
from tests.database import Server
from tests.samples import MONDAY
from tests.seal.logs import examined, fill, owner, sealer, told
from tests.seal.witnesses import HttpProcess, witness_folder, witness_in

ORIGIN, NEW = "mcledger-development", "mcledger-development-2"
Run = Callable[..., Any]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line over the log, whose keys lie in the folder `state`."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_STATE_FOLDER", str(tmp_path / "state"))

    def run(*words: str | Path, error: type[LedgerError] | None = None) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words])
        if error is None:
            assert result.exit_code == 0, (result.output, result.exception)
        else:
            assert isinstance(result.exception, error), (result.output, result.exception)
        return result.output

    return run


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with owner(database_url) as one:
        yield one


def key_events(url: str) -> list[AnySealKeysEvent]:
    ledger = open_ledger(url)
    try:
        return list(ledger.events.get(SEAL_KEYS_STREAM))  # type: ignore[arg-type]
    finally:
        ledger.close()


# Keys


def test_every_exchange_of_a_key_is_an_event_and_the_first_key_is_recorded_with_it(
    run: Run, database_url: str, connection: psycopg.Connection[Any]
) -> None:
    fill(database_url, 10)
    run("seal", "--once")
    first = run("seal-keys").strip()
    old, second = run("seal-keys", "--rotate").splitlines()
    assert old == f"{first} until 10"
    run("seal", "--once")
    run("seal-keys", "--rotate", "--compromised")
    events = key_events(database_url)
    assert [type(one) for one in events] == [
        SealKeyAdded,
        SealKeyRetired,
        SealKeyAdded,
        SealKeyRetired,
        SealKeyAdded,
    ]
    told = [
        (one.public_key, one.until_size, one.reason)
        for one in events
        if isinstance(one, SealKeyRetired)
    ]
    assert told == [(first, 10, "rotated"), (second, 13, "compromised")]
    run("seal", "--once")
    trusted = parse_trusted_keys(run("seal-keys"))
    assert [one.until for one in trusted] == [10, 13, None]
    report = examined(connection, trusted)
    assert (report.exit_status, report.sealed) == (0, 15)


def test_the_first_key_is_recorded_on_request_and_once(run: Run, database_url: str) -> None:
    for _ in range(2):
        run("seal-keys", "--record")
    [event] = key_events(database_url)
    assert isinstance(event, SealKeyAdded)
    assert event.public_key == run("seal-keys").strip()


def test_a_rotation_that_broke_off_is_ended_by_the_next(
    run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BrokenOffError(LedgerError):
        pass

    def break_off(*_: object) -> None:
        raise BrokenOffError("between the log and the file")

    fill(database_url, 5)
    run("seal", "--once")
    with monkeypatch.context() as broken:
        broken.setattr("ledger.seal.keys.FileLogSigner.rotate", break_off)
        run("seal-keys", "--rotate", error=BrokenOffError)
    assert len(parse_trusted_keys(run("seal-keys"))) == 1
    run("seal", "--once")  # with the old key still, beyond what the event says
    new = run("seal-keys", "--rotate").splitlines()[1]
    added = key_events(database_url)[-1]
    assert isinstance(added, SealKeyAdded)
    assert added.public_key == new
    assert len(key_events(database_url)) == 3
    run("seal", "--once")
    assert "sound" in run("verify")


def test_a_sealer_at_work_takes_the_new_key_at_once(database_url: str, tmp_path: Path) -> None:
    fill(database_url, 5)
    one = sealer(database_url, tmp_path)
    with one.connect() as sealing:
        one.catch_up(sealing)
        other = FileLogSigner(tmp_path / "seal-keys", one.signer.origin)
        other.rotate(5)
        fill(database_url, 5, seed=2)
        one.catch_up(sealing)
    with owner(database_url) as connection:
        assert examined(connection, other.trusted).exit_status == 0


# Forks


class Loss:
    """A log of 85 sealed events, and yesterday's copy of it: 60 sealed, and 7 that were not."""

    def __init__(self, run: Run, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run, self.url, self.folder = run, url, folder
        self.monkeypatch = monkeypatch
        self.state = folder / "state"
        ledger = open_ledger(url)
        self.people = [self._operator(ledger) for _ in range(2)]
        ledger.close()
        fill(url, 58)
        run("seal", "--once")
        with owner(url) as connection:
            row = SealReads(connection).rows(40, 40)[0]
            self.leaf, self.old_proof = leaf(row), str(SealReads(connection).proof(40))

    def lose(self, copy: str) -> None:
        """What came after the copy is gone; the folder of the keys is not."""
        fill(self.url, 25, seed=2)
        self.run("seal", "--once")
        self.monkeypatch.setenv("DATABASE_URL", copy)
        fill(copy, 7, seed=3)

    def _operator(self, ledger: Ledger) -> UUID:
        who = uuid4()
        call = Call(caller_id=who, command_id=uuid4(), body_hash=bytes(32), at=MONDAY)
        grant_access(ledger, call, principal_id=who, role="operator", scope_id=None)
        return who

    def token(self, who: UUID) -> Path:
        path = self.folder / str(who)
        path.write_text(mint_development_token(read_settings(), who))
        return path

    def fork(self, who: UUID, *, error: type[LedgerError] | None = None, origin: str = NEW) -> str:
        words = ("log", "fork", "--reason", "restored_backup", "--origin", origin)
        files = ("--token-file", self.token(who), "--statement", self.folder / "statement")
        output: str = self.run(*words, *files, error=error)
        return output


@pytest.fixture
def loss(
    run: Run,
    database_url: str,
    tmp_path: Path,
    database_server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Loss, str]]:
    made = Loss(run, database_url, tmp_path, monkeypatch)
    with database_server.database(urlsplit(database_url).path[1:]) as copy:
        made.lose(copy)
        yield made, copy


def test_a_log_is_forked_by_two_operators_and_goes_on_by_a_new_name(
    loss: tuple[Loss, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, url = loss
    first, second = lost.people
    assert "asked for; another operator" in lost.fork(first)
    lost.fork(first, error=SecondPersonError)
    output = lost.fork(second)
    assert f"{ORIGIN} keeps 60 sealed events" in output
    assert "85 were signed: 25 sealed events are given up" in output
    events = key_events(url)
    assert [type(one) for one in events] == [
        ForkRequested,
        LogForked,
        SealKeyAdded,
        SealKeyRetired,
        SealKeyAdded,
    ]
    forked = events[1]
    assert isinstance(forked, LogForked)
    assert (forked.requested_by, forked.confirmed_by) == (first, second)
    assert (forked.origin, forked.new_origin) == (ORIGIN, NEW)
    assert (forked.common_size, forked.signed_size, forked.reason) == (60, 85, "restored_backup")
    assert LastSigned(lost.state / "seal-keys.lost-85").read() is not None
    # The name is set by whoever runs it; until then nobody seals.
    lost.run("seal", "--once", error=SealKeyError)
    monkeypatch.setenv("MCLEDGER_SEAL_ORIGIN", NEW)
    assert "12 events sealed" in lost.run("seal", "--once")
    trusted = parse_trusted_keys(lost.run("seal-keys"))
    assert [(one.key.name, one.until) for one in trusted] == [(ORIGIN, 60), (NEW, None)]
    with owner(url) as connection:
        report = examined(connection, trusted)
        assert (report.exit_status, report.sealed) == (0, 72)
        # What was proved by the old name up to there is still proved, alone and against the log.
        old = Proof.parse(lost.old_proof)
        keys = [one.key for one in trusted if one.may_sign(60)]
        assert old.check(lost.leaf, keys).origin == ORIGIN
        assert examined(connection, trusted, [lost.old_proof]).exit_status == 0
        # What was signed of the part that is lost is not, and is named.
        gone = LastSigned(lost.state / "seal-keys.lost-85").read() or ""
        assert told(examined(connection, trusted, [gone]).damages) == [("old-key", 85, 85)]
    fill(url, 5, seed=9)
    assert "5 events sealed" in lost.run("seal", "--once")
    assert "sound" in lost.run("verify")
    ledger = open_ledger(url)
    keys_now = ledger.find(SealKeys, SEAL_KEYS_STREAM)
    ledger.close()
    assert keys_now is not None
    assert keys_now.asked is None


def test_a_fork_that_broke_off_is_ended_by_giving_the_command_again(
    loss: tuple[Loss, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, url = loss

    class BrokenOffError(LedgerError):
        pass

    def break_off(*_: object) -> None:
        raise BrokenOffError("between the log and the file")

    lost.fork(lost.people[0])
    with monkeypatch.context() as broken:
        broken.setattr("ledger.seal.keys.FileLogSigner.rotate", break_off)
        lost.fork(lost.people[1], error=BrokenOffError)
    events = len(key_events(url))
    assert "it goes on as" in lost.fork(lost.people[0])
    assert len(key_events(url)) == events
    monkeypatch.setenv("MCLEDGER_SEAL_ORIGIN", NEW)
    lost.run("seal", "--once")
    assert "sound" in lost.run("verify")


def test_only_operators_fork_and_only_what_has_lost_something(
    run: Run, loss: tuple[Loss, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, url = loss
    lost.fork(uuid4(), error=ForbiddenError)
    lost.fork(lost.people[0], origin=ORIGIN, error=ForkRefusedError)
    no_token = lost.folder / "none"
    no_token.write_text("no token")
    words = ("log", "fork", "--reason", "restored_backup", "--origin", NEW)
    run(*words, "--token-file", no_token, error=NotSignedInError)
    monkeypatch.setenv("DATABASE_URL", lost.url)  # where nothing is lost
    lost.fork(lost.people[0], error=ForkRefusedError)
    assert key_events(lost.url) == key_events(url) == []


def test_a_witness_goes_on_with_the_new_name_once_it_is_shown_the_fork(
    loss: tuple[Loss, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, url = loss
    folder = witness_folder(lost.folder / "witness", *parse_trusted_keys(lost.run("seal-keys")))
    witness = witness_in(folder)
    # It saw the log when 60 were sealed, and after that.
    witness.add(Request(0, (), Proof.parse(lost.old_proof).checkpoint))
    setup.migrate(url)
    setup.migrate(lost.url)
    with ledger_process(lost.url, lost, ORIGIN) as whole:
        assert witness.look(RemoteLog(whole.url)).checkpoint.size == 85
    for who in lost.people:
        lost.fork(who)
    monkeypatch.setenv("MCLEDGER_SEAL_ORIGIN", NEW)
    with ledger_process(url, lost, NEW) as restored:
        with pytest.raises(LogWentBackError, match="25 are missing"):
            witness.look(RemoteLog(restored.url))
        lost.run("seal", "--once")
        with pytest.raises(LogUnknownError):
            witness.look(RemoteLog(restored.url))
        words = ("witness-fork", "--folder", folder, "--ledger", restored.url)
        output = lost.run(*words, lost.folder / "statement")
        assert f"{ORIGIN} ends at 60 events; {NEW} goes on" in output
        seen = witness.look(RemoteLog(restored.url))
        assert (seen.before, seen.checkpoint.size, seen.checkpoint.origin) == (60, 72, NEW)
    assert [one.until for one in WitnessFolder(folder).log_keys()] == [60, None]


def ledger_process(url: str, loss: Loss, origin: str) -> HttpProcess:
    """`mcledger serve` over a log."""
    environment = {
        "DATABASE_URL": url,
        "MCLEDGER_ENVIRONMENT": "development",
        "MCLEDGER_STATE_FOLDER": str(loss.state),
        "MCLEDGER_SEAL_ORIGIN": origin,
    }
    return HttpProcess("serve", environment=environment)
