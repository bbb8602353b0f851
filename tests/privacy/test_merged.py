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
