"""A receipt: given with every write, proved once it is sealed, checked by its holder alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner

from api.cli import app
from ledger.errors import InvalidError
from ledger.seal.keys import FileLogSigner
from ledger.seal.leaves import leaf
from ledger.seal.log_file import LogFile
from ledger.seal.log_transfer import export_log, import_log
from ledger.seal.notes import NoteError, SigningKey
from ledger.seal.reads import SealReads
from ledger.seal.receipts import check_receipts, parse_receipts
from ledger.seal.report import SOUND, TAMPERED
from ledger.seal.trusted_keys import TrustedKey
from ledger.store import Role, connection_info
from tests.api.conftest import running
from tests.api.world import MET, World, story
from tests.database import Server
from tests.seal.conftest import EVENTS, Sealed
from tests.seal.logs import (
    ORIGIN,
    examined,
    fill,
    owner,
    rewrite_tree,
    seal,
    sealer,
    tampered,
    told,
)
from tests.seal.test_verify import flip, receipt_of

DISTRICT = {"name": "Sample District", "zone": "America/Chicago"}


@pytest.fixture(scope="module")
def world(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An edge of which nothing is sealed unless a test does it."""
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        yield world


def folder_of(world: World) -> Path:
    return world.settings.state_folder


def url_of(world: World) -> str:
    assert world.settings.database_url is not None
    return world.settings.database_url.get_secret_value()


def keys_of(world: World) -> tuple[TrustedKey, ...]:
    return FileLogSigner(folder_of(world) / "seal-keys", ORIGIN).trusted


@contextmanager
def sealing(world: World) -> Iterator[None]:
    """The sealer as it runs beside an edge."""
    stop = Event()
    one = sealer(url_of(world), folder_of(world), seconds_max=0.05)
    thread = Thread(target=one.run, args=(stop,), name="sealer")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def add_district(world: World, **headers: str) -> Any:
    return world.post(world.operator, "/v1/districts", DISTRICT, headers=headers)


def test_every_write_is_answered_with_the_leaf_of_what_it_stored(world: World) -> None:
    issuer = world.issuer()
    credential = issuer.credential()
    answer = world.post(
        issuer.approver, f"/v1/credentials/{credential}/retirements", {"reason": "old"}
    ).json()
    with world.edge.reading() as connection:
        rows = SealReads(connection).rows(answer["position"], answer["position"])
    assert answer["receipts"] == [{"position": answer["position"], "leaf": leaf(rows[0]).hex()}]


def test_a_command_of_several_events_has_a_receipt_for_each(world: World) -> None:
    one = story(world).enroll().hand_in().review(MET, MET)
    decided = one.decide()
    assert decided["events"] == ["enrollment.review-decided.v1", "enrollment.awarded.v1"]
    positions = [receipt["position"] for receipt in decided["receipts"]]
    assert positions == [decided["position"] - 1, decided["position"]]
    with world.edge.reading() as connection:
        rows = SealReads(connection).rows(*positions)
    assert [receipt["leaf"] for receipt in decided["receipts"]] == [leaf(r).hex() for r in rows]


def test_a_resend_gives_the_same_receipt(world: World) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    first, again = add_district(world, **headers), add_district(world, **headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content
    assert len(first.json()["receipts"]) == 1


def test_whoever_prefers_to_wait_is_answered_with_the_proof(world: World) -> None:
    with sealing(world):
        headers = {"Idempotency-Key": str(uuid4()), "Prefer": "respond-async, Wait=10; x=y"}
        answer = add_district(world, **headers)
        again = add_district(world, **headers)
    assert answer.status_code == again.status_code == 201
    assert answer.headers["Preference-Applied"] == "wait=10"
    assert answer.headers["ETag"] == '"1"'
    assert again.headers["Idempotency-Replayed"] == "true"
    for one in (answer, again):
        [proved] = check_receipts(parse_receipts(one.text), keys_of(world))
        assert proved.holds
        assert (proved.position, proved.origin) == (answer.json()["position"], ORIGIN)


@pytest.mark.parametrize("prefer", ["wait=0", "wait=x", "return=minimal", "", "wait"])
def test_what_is_not_sealed_in_time_is_answered_all_the_same(world: World, prefer: str) -> None:
    answer = add_district(world, Prefer=prefer)
    assert answer.status_code == 201
    assert "Preference-Applied" not in answer.headers
    [proved] = check_receipts(parse_receipts(answer.text), ())
    assert (proved.holds, proved.refuted) == (False, False)
    assert f"/proofs/{proved.position}" in proved.detail


def test_a_read_does_not_wait(world: World) -> None:
    answer = world.ask(world.operator, "GET", "/v1/me", headers={"Prefer": "wait=9"})
    assert answer.status_code == 200


@pytest.fixture(scope="module")
def kept(world: World) -> tuple[str, str]:
    """The answer to a write, and its proof as it was fetched later."""
    answer = add_district(world)
    seal(url_of(world), folder_of(world))
    proof = world.client.get(f"/proofs/{answer.json()['position']}")
    return answer.text, proof.text


def test_a_proof_that_was_fetched_later_proves_a_receipt(
    world: World, kept: tuple[str, str]
) -> None:
    receipts = parse_receipts(kept[0])
    [proved] = check_receipts(receipts, keys_of(world), [kept[1]])
    assert proved.holds
    [other] = check_receipts([replace(receipts[0], leaf=bytes(32))], keys_of(world), [kept[1]])
    assert other.refuted
    [elsewhere] = check_receipts(
        [replace(receipts[0], position=1, proof=kept[1])], keys_of(world), ()
    )
    assert "another position" in elsewhere.detail
    retired = [replace(key, until=1) for key in keys_of(world)]
    assert check_receipts(receipts, retired, [kept[1]])[0].refuted


WRONG: dict[str, str] = {
    "nothing": "",
    "no object": "[]",
    "no receipts": "{}",
    "an empty list": '{"receipts": []}',
    "no leaf": '{"receipts": [{"position": 1}]}',
    "a short leaf": '{"receipts": [{"position": 1, "leaf": "ab"}]}',
    "no position": '{"receipts": [{"position": "1", "leaf": "' + "ab" * 32 + '"}]}',
    "no text": '{"receipts": [{"position": 1, "leaf": "' + "ab" * 32 + '", "proof": 1}]}',
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_receipt_is_refused(what: str) -> None:
    with pytest.raises(NoteError):
        parse_receipts(WRONG[what])


def test_a_receipt_is_checked_on_the_command_line_without_a_database(
    world: World, kept: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    files = {"answer": kept[0], "proof": kept[1], "keys": "\n".join(map(str, keys_of(world)))}
    for name, content in files.items():
        (tmp_path / name).write_text(content, "utf-8")

    def run(*words: str, status: int) -> str:
        names = [str(tmp_path / word) if word in files else word for word in words]
        result = CliRunner().invoke(app, ["verify", *names, "--keys", str(tmp_path / "keys")])
        assert result.exit_code == status, (result.output, result.exception)
        return result.stdout

    position = json.loads(kept[0])["position"]
    assert f"not proved {position}: " in run("--receipt", "answer", status=1)
    output = run("--receipt", "answer", "--held", "proof", status=0)
    assert output.startswith(f"proved {position}: the event is in the log of {ORIGIN}")
    changed = json.loads(kept[0])
    changed["receipts"][0]["leaf"] = "ab" * 32
    (tmp_path / "answer").write_text(json.dumps(changed))
    assert run("--receipt", "answer", "--held", "proof", status=3).startswith("REFUTED")
    [said] = json.loads(run("--receipt", "answer", "--held", "proof", "--json", status=3))[
        "receipts"
    ]
    assert (said["position"], said["refuted"]) == (position, True)


@pytest.mark.parametrize("content", ["", "{}", "[" * 100_000, '{"a":' * 100_000, "what is this\n"])
def test_a_file_that_is_none_of_what_others_hold_says_nothing_of_the_log(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was told as tampering, or ended without a word of ours where it was nested too deep."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    (tmp_path / "file").write_text(content, "utf-8")
    trusted = FileLogSigner(tmp_path / "seal-keys", ORIGIN).trusted
    (tmp_path / "keys").write_text("\n".join(map(str, trusted)), "utf-8")
    file, keys = str(tmp_path / "file"), str(tmp_path / "keys")
    for words in (["--held", file], ["--receipt", file], [file]):
        result = CliRunner().invoke(app, ["verify", *words, "--keys", keys])
        assert isinstance(result.exception, InvalidError), (words, result.output)
        assert "TAMPERED" not in result.output


def test_receipts_that_others_hold_raise_no_alarm_over_a_clean_log(sealed: Sealed) -> None:
    held = [receipt_of(sealed, position) for position in (1, 600, EVENTS)]
    assert examined(sealed.connection, sealed.keys, held).exit_status == SOUND


def test_a_receipt_without_a_proof_finds_a_log_that_was_rewritten_whole(sealed: Sealed) -> None:
    held = [receipt_of(sealed, position) for position in (1, 600, EVENTS)]
    secret = (sealed.folder / "seal-keys").read_text().strip()
    with tampered(sealed.connection, flip("state", 600)):
        rewrite_tree(sealed.connection, SigningKey.parse(secret))
        alone = examined(sealed.connection, sealed.keys)
        report = examined(sealed.connection, sealed.keys, held)
    assert alone.exit_status == SOUND
    assert (told(report.damages), report.exit_status) == ([("recomputed", 600, 600)], TAMPERED)


def test_a_receipt_from_beyond_the_end_finds_a_log_that_was_cut(sealed: Sealed) -> None:
    held = [receipt_of(sealed, EVENTS)]
    cut = [
        "DELETE FROM ledger_events WHERE notification_id > 582",
        "DELETE FROM seal_checkpoints WHERE size > 582",
        "DELETE FROM seal_tiles WHERE level = 0 AND number * 256 + start >= 582",
        "DELETE FROM seal_tiles WHERE level = 1 AND start >= 2",
    ]
    with tampered(sealed.connection, *cut):
        assert examined(sealed.connection, sealed.keys).exit_status == SOUND
        report = examined(sealed.connection, sealed.keys, held)
    assert told(report.damages) == [("truncated", 583, EVENTS)]


def test_yesterdays_dump_that_went_on_is_found_by_receipts(
    database_server: Server, database_url: str, tmp_path: Path
) -> None:
    """The copy is whole in itself, is sealed on with the right key, and has forgotten 40 events."""
    fill(database_url, 300)
    seal(database_url, tmp_path, events_max=90)
    keys = FileLogSigner(tmp_path / "seal-keys", ORIGIN).trusted
    dump, held = tmp_path / "dump.jsonl", []
    with owner(database_url) as connection:
        export_log(connection, dump)
    fill(database_url, 40, seed=2)
    with owner(database_url) as connection:
        for row in SealReads(connection).rows(300, 340):
            said = {"position": row.position, "leaf": leaf(row).hex()}
            held.append(json.dumps({"receipts": [said]}))
    with database_server.database(database_server.template) as restored:
        info = connection_info(restored, Role.OWNER)
        with psycopg.connect(info, autocommit=True) as target, closing(LogFile(dump)) as log:
            import_log(target, log, keys)
        with owner(restored) as copy:
            assert examined(copy, keys).exit_status == SOUND
            report = examined(copy, keys, held)
            assert told(report.damages) == [("truncated", 301, 340)]
        fill(restored, 60, seed=3)
        seal(restored, tmp_path)
        with owner(restored) as copy:
            assert examined(copy, keys).exit_status == SOUND
            report = examined(copy, keys, held)
    assert told(report.damages) == [("recomputed", at, at) for at in range(301, 341)]
