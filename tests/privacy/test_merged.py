"""Whoever has several ids is kept and forgotten by all of them at once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from obstore.store import MemoryStore

from api.forgetting import erase, run_retention
from ledger.aggregates.retention import Subject
from ledger.application import Call
from ledger.commands.retention import forget_again
from ledger.erasure import EraseFile, Eraser
from ledger.events.retention import ErasureConfirmed
from tests.api.test_merges import merge
from tests.api.world import World
from tests.privacy.life import DUE, NOBODY

DUE_AT = datetime.fromisoformat(DUE["Ledger-Time"])


def forgotten_under_two_ids(world: World) -> tuple[UUID, UUID]:
    district = world.district()
    kept, other = district.person("Ada"), district.person("Adelaide")
    merge(world, kept, other)
    world.done(kept, f"/v1/people/{kept}/erasures", {"reason": "subject-request"})
    return kept, other


def test_the_log_is_not_told_again_by_every_id(shared_world: World) -> None:
    ids = forgotten_under_two_ids(shared_world)
    told = {one.person_id for one in run_retention(shared_world.edge, NOBODY, DUE_AT)}
    assert not told & {*ids}


def test_the_log_alone_tells_under_which_ids_somebody_is_forgotten(
    shared_world: World, tmp_path: Path
) -> None:
    edge, ids = shared_world.edge, forgotten_under_two_ids(shared_world)
    eraser = Eraser(edge.vault, MemoryStore(), EraseFile(tmp_path / "lost"))
    with edge.reading() as connection:
        logged = edge.retentions.erased(connection)
    forget_again(edge.ledger, edge.vault, eraser, logged)
    assert {*ids} <= eraser.file.entries().keys()


def test_whoever_works_here_by_one_id_is_not_forgotten_by_the_other(shared_world: World) -> None:
    district = shared_world.district()
    kept, other = district.teacher("Ada"), district.person("Adelaide")
    merge(shared_world, kept, other)
    call = Call(caller_id=NOBODY, command_id=uuid4(), body_hash=bytes(32), at=DUE_AT)
    made = erase(shared_world.edge, call, Subject(other), "subject-request")
    assert made.deferred is not None
    assert made.deferred.grounds == ("employed",)


def test_what_was_destroyed_is_counted_under_all_of_her_ids(shared_world: World) -> None:
    kept, other = forgotten_under_two_ids(shared_world)
    stored = shared_world.edge.ledger.events.get(Subject(kept).stream)
    [confirmed] = [one for one in stored if isinstance(one, ErasureConfirmed)]
    query = "SELECT sum(texts), sum(tombstones) FROM vault_erasures WHERE subject_id = ANY(%s)"
    with shared_world.edge.vault.connections.connection() as connection:
        [(texts, tombstones)] = connection.execute(query, [[kept, other]]).fetchall()
        [(of_kept,)] = connection.execute(
            "SELECT texts FROM vault_erasures WHERE subject_id = %s", [kept]
        ).fetchall()
    assert (confirmed.texts, confirmed.tombstones) == (texts, tombstones)
    assert confirmed.texts > of_kept > 0


def test_she_is_told_who_looked_at_the_record_that_was_merged_into_hers(
    shared_world: World,
) -> None:
    world, district = shared_world, shared_world.district()
    kept, other = district.teacher("Ada"), district.teacher("Adelaide")
    for person in (other, kept, other):
        world.seen(district.office, f"/v1/people/{person}/transcript")
    merge(world, kept, other)
    path, page = f"/v1/people/{kept}/disclosures", {"limit": 2}
    first = world.seen(kept, path, **page)
    rest = world.seen(kept, path, cursor=first["next"], **page)
    found = [one for part in (first, rest) for one in part["items"]]
    shown = [one["person_id"] for one in found if one["record"] == "transcript"]
    assert shown == [str(other), str(kept), str(other)]
    assert world.seen(other, f"/v1/people/{other}/disclosures")["items"] == found
    assert world.get(uuid4(), path).status_code == 404
