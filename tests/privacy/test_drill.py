"""The erase drill: a whole life with a token in every field, and after it no token anywhere."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from api import disclosure_commitments, webhooks
from api.clock import wall
from api.payroll_retention import destroy_due_files
from api.upkeep import KEPT, inventory, vault_inventory
from ledger.record_vault import RecordVault
from ledger.seal.log_transfer import export_log
from ledger.store import Role, connection_info
from projections.registry import PROJECTIONS
from tests.api.test_webhooks import Clock, Ear, listening
from tests.api.world import World
from tests.privacy.life import DUE, NOBODY, Life
from tests.privacy.places import Told, dump, files, found_in, in_files, in_server, in_tables
from tests.privacy.rest_of_life import (
    KEPT_UNTIL,
    Ids,
    brings_a_record,
    is_brought_along,
    is_on_file,
    is_paid,
    is_recommended_something,
    reads_of,
    takes_part,
)
from tests.seal.logs import examined, owner, seal, sealer

SHOWN = {  # to somebody, as long as she is there
    *("second given name", "second family name", "second address", "second employee number"),
    *("content of classroom_video", "content of teacher_reflection", "license number", "note"),
    *("feedback", "other feedback", "feedback of the decision", "title elsewhere"),
    *("remark on a criterion", "number with the state"),
    *("what is wrong", "what is answered", "her rebuttal", "whom she gave a link"),
    *("title of her plan", "her guardian", "third reflection", "statement"),
    "documents of a credit",
}

# Her random id remains in what happened, in what is derived from that, in who was shown her record,
# and in the list of who is erased. docs/privacy.md says the same.
KEEP_HER_ID = {
    *("ledger.ledger_events", "ledger.disclosures", "ledger.vault_erasures"),
    *(f"ledger_read.{table.name}" for projection in PROJECTIONS for table in projection.tables),
}


@pytest.fixture
def told() -> Iterator[Told]:
    handler = Told()
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as found:
        yield found


def url_of(world: World) -> str:
    assert world.settings.database_url is not None
    return world.settings.database_url.get_secret_value()


def test_of_an_erased_person_no_word_is_left_anywhere(
    world: World, tmp_path: Path, told: Told, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    life, known = whole(world, temporary, ear)
    url, words = url_of(world), list(life.tokens.values())
    seal(url, tmp_path / "seal")
    before = seen_of(life)
    assert disclosure_commitments.commit(world.edge, wall) > 0
    assert len(words) > 35
    assert names_of(life, crawled(life, known, words)) >= SHOWN
    assert vault_inventory(world.edge).check() == []
    assert (
        before["name"] == f"{life.tokens['second given name']} {life.tokens['second family name']}"
    )
    assert before["rebuttals"] == [life.tokens["her rebuttal"]]
    assert before["elsewhere"] == [(life.tokens["title elsewhere"], "District Example")]

    list(destroy_due_files(world.edge, NOBODY, datetime.fromisoformat(KEPT_UNTIL["Ledger-Time"])))
    answer = life.erased(KEPT_UNTIL)

    assert answer.json()["status"] == "erased", answer.text
    assert in_tables(url, words) == {}
    assert found_in(dump(url), words) == set()
    assert in_server(url, words) == []
    assert in_files(tmp_path, words) == {}, "blobs, keys, the erase list, temporary files"
    assert told.lines
    assert found_in("\n".join(told.lines).encode(), words) == set()
    assert found_in(exported(url, tmp_path), words) == set()
    assert found_in(everything_decrypted(world), words) == set()
    assert list(files(world.settings.evidence_files)) == []
    assert vault_inventory(world.edge).check() == [], "of the others all is there"
    assert disclosure_commitments.check(world.edge, wall()).amiss == [], "who looked is kept"
    assert crawled(life, known, words) == set()
    assert found_in(told_elsewhere(world, ear), words) == set()
    assert set(in_tables(url, [str(life.teacher), life.teacher.hex])) <= KEEP_HER_ID
    assert_her_record_is_gone(life)
    after = seen_of(life)
    gone = {"name": "erased person", "found": 0, "feedback": [], "rebuttals": [None]}
    assert after == {**before, **gone, "elsewhere": [(None, None)]}
    assert life.opens_link().status_code == 404
    assert_a_lost_list_is_named(world)
    seal(url, tmp_path / "seal")
    with owner(url) as connection:
        keys = sealer(url, tmp_path / "seal").signer.trusted
        report = examined(connection, keys)
    assert report.exit_status == 0, report.as_dict()


def assert_a_lost_list_is_named(world: World) -> None:
    """Files that were erased are not called lost, when only the list of what is erased is."""
    at = wall()
    assert [one for kept in KEPT for one in inventory(world.edge, kept).check(at)] == []
    with owner(url_of(world)) as connection:
        connection.execute("DELETE FROM vault_erasures")
    for kept in KEPT:
        kinds = {one.kind for one in inventory(world.edge, kept).check(at)}
        assert kinds == {"erasure-missing"}, kept.name
    assert vault_inventory(world.edge).check() == []


def assert_her_record_is_gone(life: Life) -> None:
    """Its place stays taken and shows nothing; what she has carried away is hers and proves on."""
    world = life.world
    gone = world.get(life.teacher, f"/v1/records/{life.record}")
    assert (gone.status_code, gone.json()["type"]) == (410, "/problems/erased")
    with world.edge.vault.connections.connection() as connection:
        query = "SELECT count(*) FROM vault_records WHERE person_id = %s"
        assert connection.execute(query, [life.teacher]).fetchone() == (0,)
    status = world.client.get(f"/records/{life.record}/status").json()
    assert status["status"] == "in_force"
    listed = status["status_list"].removeprefix("https://ledger.example")
    assert world.client.get(listed).status_code == 200


def seen_of(life: Life) -> dict[str, object]:
    """What is seen of her: what she earned and is owed has to stand."""
    world, office = life.world, life.district.office
    totals = f"/v1/districts/{life.district_id}/payout-totals"
    payouts = world.seen(office, f"/v1/districts/{life.district_id}/payouts")["items"]
    hers = [one for one in payouts if one["payout"]["person_id"] == str(life.teacher)]
    own = f"/v1/people/{life.teacher}"
    decisions = world.seen(life.teacher, f"{life.path}/decisions")["items"]
    transcript = world.seen(life.teacher, f"{own}/transcript", effective_on="2025-06-01")
    notes = [note for line in transcript["items"] for note in line["disputes"]]
    elsewhere = [line for line in transcript["items"] if line["accepted"]]
    return {
        "elsewhere": [(line.pop("title"), line.pop("issuer_name")) for line in elsewhere],
        "rebuttals": [note.pop("rebuttal") for note in notes],
        "payouts": [one["payout"] for one in hers],
        "name": hers[0]["name"],
        "totals": world.seen(office, totals),
        "transcript": transcript,
        "found": len(life.finds(life.tokens["second family name"])),
        "feedback": [word for decision in decisions for word in decision["feedback"]],
    }


def told_elsewhere(world: World, ear: Ear) -> bytes:
    """What addresses of others were told; of her they are told nothing more."""
    before, clock = len(ear.heard), Clock()
    clock.at += timedelta(days=1)
    webhooks.fill(world.edge, clock())
    assert webhooks.deliver(world.edge, clock) == 0
    assert before == len(ear.heard) == 4
    return repr(ear.heard).encode()


def whole(world: World, folder: Path, ear: Ear) -> tuple[Life, Ids]:
    """Her whole life, and the ids of what is in no part of `Life`."""
    life = Life(world, folder).is_hired().is_renamed()
    known = {**is_on_file(life), **brings_a_record(life)}
    is_brought_along(life)
    life.earns().carries()
    known["carried"] = world.get(life.teacher, f"/v1/records/{life.record}").text
    known |= is_paid(life, ear.url)
    is_recommended_something(life, ear)
    known |= takes_part(life)
    return life.leaves().shares().plans().disputes(), known


def names_of(life: Life, words: set[str]) -> set[str]:
    return {name for name, word in life.tokens.items() if word in words}


def crawled(life: Life, known: Ids, words: list[str]) -> set[str]:
    """The words in whatever anybody around her can read, at every address that there is."""
    world = life.world
    callers = [life.teacher, life.district.office, life.issuer.approver, *life.assessors]
    callers += [world.grant("auditor"), world.operator]
    callers += [UUID(known[name]) for name in ("payroll", "machine")]
    asked = [  # what is not below /v1 is for anybody, or for herself
        (who, path)
        for path in reads_of(life, known)
        for who in (callers if path.startswith("/v1/") else callers[:1])
    ]
    answers = [
        *(world.ask(who, "GET", path) for who, path in asked),
        *(
            world.client.post("/verify", content=known["carried"], headers={"Accept": kind})
            for kind in ("application/json", "text/html")
        ),
        world.get(life.issuer.approver, f"/v1/issuers/{life.issuer.id}/disputes", state="all"),
        *(world.get(life.teacher, f"{life.path}/evidence/{one}") for one in life.evidence),
        *(world.get(life.district.office, f"/v1/shares/{one}/record") for one in life.shared),
    ]
    # What Open Badges have and we do not is refused as not allowed.
    assert {one.status_code for one in answers} <= {200, 403, 404, 405, 410}
    return found_in(b"".join(answer.content for answer in answers), words)


def exported(url: str, folder: Path) -> bytes:
    path = folder / "log.jsonl"
    with psycopg.connect(connection_info(url, Role.READ), autocommit=True) as connection:
        export_log(connection, path, lambda _done, _total: None)
    return path.read_bytes()


def everything_decrypted(world: World) -> bytes:
    """Whatever the vault holds, opened with every key that there is."""
    vault, evidence = world.edge.vault, world.edge.evidence
    with vault.connections.connection() as connection:
        texts = [row[0] for row in connection.execute("SELECT text_id FROM vault_texts")]
        kept = [row[0] for row in connection.execute("SELECT evidence_id FROM vault_evidence")]
        signed = [row[0] for row in connection.execute("SELECT command_id FROM vault_records")]
    opened = [text.encode() for text in vault.get_texts(texts).values()]
    records = [RecordVault(vault).drafted(one) for one in signed]
    opened += [repr(record).encode() for record in records]
    assert len(opened) == len(texts) + len(signed), (
        "each text that is left is of somebody who has a key"
    )
    return b"".join([*opened, *(piece for one in kept for piece in evidence.open(one))])


def test_a_later_roster_that_has_her_again_says_which_rows_are_hers_and_skips_them(
    world: World, tmp_path: Path
) -> None:
    life = Life(world, tmp_path / "rosters").is_hired().leaves()
    assert life.erased(DUE).json()["status"] == "erased"
    registered = position_of(world)

    answer = life.imports(with_her=True, headers=DUE).json()

    assert answer["skipped_rows"] == [
        {"file": "users.csv", "row": 6, "slug": "person-erased"},
        {"file": "roles.csv", "row": 6, "slug": "person-erased"},
    ]
    assert answer["counts"]["persons_registered"] == answer["counts"]["employments_started"] == 0
    assert position_of(world) <= registered + 2, "its start and its completion"
    assert life.finds(life.tokens["family name"]) == []
    assert in_tables(url_of(world), list(life.tokens.values())) == {}


def position_of(world: World) -> int:
    return world.edge.ledger.recorder.last_position()


def test_a_file_that_is_erased_is_gone_and_what_was_decided_on_it_stands(
    world: World, tmp_path: Path
) -> None:
    life = Life(world, tmp_path / "rosters").is_hired().is_renamed().earns()
    first, *others = life.evidence
    kinds = [name for name in life.tokens if name.startswith("content of")]
    blobs = world.settings.evidence_files
    assert (blobs / first).exists()
    path = f"{life.path}/evidence/{first}/redactions"

    made = world.post(life.assessors[0], path, {"reason": "student-data"})

    assert made.json()["status"] == "erased", made.text
    assert sorted(one.name for one in files(blobs)) == sorted(others)
    for who in (life.teacher, life.issuer.approver):
        gone = world.get(who, f"{life.path}/evidence/{first}")
        assert (gone.status_code, gone.json()["type"]) == (410, "/problems/erased")
        assert world.get(who, f"{life.path}/evidence/{others[0]}").status_code == 200
    shown = world.seen(life.issuer.approver, life.path)["evidence"]
    assert {one["evidence_id"]: one["erased"] for one in shown} == {
        one: one == first for one in life.evidence
    }
    held = everything_decrypted(world)
    assert found_in(held, [life.tokens[name] for name in kinds]) == {
        life.tokens[name] for name in kinds[1:]
    }
    line = world.seen(life.teacher, f"/v1/people/{life.teacher}/transcript")["items"][0]
    assert line["status"] == "awarded"
