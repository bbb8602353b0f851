"""An erasure that is killed between any two of its steps is taken up, and ends the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.forgetting import run_retention
from ledger.application import Call, Ledger
from ledger.erasure import EraseFile, Eraser
from ledger.events import LedgerEvent
from ledger.events.retention import ErasureBegun, ErasureConfirmed, RetentionEvent
from tests.api.world import Answer, World
from tests.privacy.life import DUE, NOBODY, Life
from tests.privacy.places import files, in_tables
from tests.privacy.test_drill import url_of

AT = datetime.fromisoformat(DUE["Ledger-Time"])


class Killed(Exception):  # noqa: N818 - stands for the end of a process, not an error of it
    """What ends an erasure in the middle."""


def before(call: Callable[..., Any]) -> Callable[..., Any]:
    def killed(*_: Any, **__: Any) -> Any:
        raise Killed

    return killed


def after(call: Callable[..., Any]) -> Callable[..., Any]:
    def done_and_killed(*arguments: Any, **named: Any) -> Any:
        call(*arguments, **named)
        raise Killed

    return done_and_killed


def before_confirming(append: Callable[..., Any]) -> Callable[..., Any]:
    def killed(ledger: Ledger, call: Call, events: Sequence[LedgerEvent], reads: Any) -> Any:
        if isinstance(events[0], ErasureConfirmed):
            raise Killed
        return append(ledger, call, events, reads)

    return killed


def after_event(kind: type[RetentionEvent]) -> Callable[..., Any]:
    def kill(append: Callable[..., Any]) -> Callable[..., Any]:
        def killed(ledger: Ledger, call: Call, events: Sequence[LedgerEvent], reads: Any) -> Any:
            appended = append(ledger, call, events, reads)
            if isinstance(events[-1], kind):
                raise Killed
            return appended

        return killed

    return kill


STEPS = {
    "begun": (Ledger, "append", after_event(ErasureBegun)),
    "about to write the file": (EraseFile, "add", before),
    "file written": (EraseFile, "add", after),
    "keys destroyed": (Eraser, "delete_blobs", before),
    "blobs deleted": (Eraser, "delete_blobs", after),
    "about to confirm": (Ledger, "append", before_confirming),
    "confirmed": (Ledger, "append", after_event(ErasureConfirmed)),
}


def killed_at(step: str, patch: pytest.MonkeyPatch, act: Callable[[], Answer]) -> None:
    place, name, kill = STEPS[step]
    with patch.context() as patched:
        patched.setattr(place, name, kill(getattr(place, name)))
        assert act().status_code == 500


def topics(world: World) -> list[str]:
    rows = world.edge.ledger.recorder.read_log(0, 10_000)
    return [row[4].removeprefix("retention.") for row in rows if row[4].startswith("retention.")]


ONCE = ["erasure-requested.v1", "erasure-begun.v1", "erasure-confirmed.v1"]


@pytest.mark.parametrize(
    "taken_up_by", ["the request sent again", "retention run", "another request"]
)
@pytest.mark.parametrize("step", STEPS)
def test_an_erasure_killed_at_a_step_is_taken_up(
    shared_world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    taken_up_by: str,
) -> None:
    world = shared_world
    life = Life(world, tmp_path / "rosters").is_hired().leaves()
    told = len(topics(world))
    key = {"Idempotency-Key": str(life.teacher), **DUE}

    killed_at(step, monkeypatch, lambda: life.erased(key))
    if taken_up_by == "retention run":
        list(run_retention(world.edge, NOBODY, AT))
    else:
        again = life.erased(key if taken_up_by == "the request sent again" else DUE)
        finished_before = step == "confirmed" and taken_up_by == "another request"
        assert again.status_code == (409 if finished_before else 201), again.text

    assert topics(world)[told:] == ONCE
    assert in_tables(url_of(world), list(life.tokens.values())) == {}
    [listed] = [one for one in erasures(world) if one["person_id"] == str(life.teacher)]
    assert listed["stage"] == "erased"
    assert listed["erased_at"] is not None
    assert world.edge.vault.erased([life.teacher])
    assert forgotten(world, life.teacher)


def erasures(world: World) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = world.seen(world.operator, "/v1/erasures")["items"]
    return items


def forgotten(world: World, person: UUID) -> bool:
    """Whether there is no key, and no row of her but that she was erased."""
    eraser = world.edge.eraser
    entries = eraser.file.entries()
    return person in entries and eraser.remembered([entries[person]]) == []


@pytest.mark.parametrize("step", STEPS)
def test_a_redaction_killed_at_a_step_is_taken_up(
    shared_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    world = shared_world
    life = Life(world, tmp_path / "rosters").is_hired().earns()
    told, gone = len(topics(world)), life.evidence[0]
    path = f"{life.path}/evidence/{gone}/redactions"
    reason = {"reason": "subject-request"}

    killed_at(step, monkeypatch, lambda: world.post(life.teacher, path, reason))
    list(run_retention(world.edge, NOBODY, AT))

    assert topics(world)[told:] == ONCE
    assert gone not in {one.name for one in files(world.settings.evidence_files)}
    assert world.get(life.teacher, f"{life.path}/evidence/{gone}").status_code == 410


def test_what_is_erased_already_is_not_erased_twice(shared_world: World, tmp_path: Path) -> None:
    life = Life(shared_world, tmp_path / "rosters").is_hired().leaves()
    first = life.erased(DUE)
    told = len(topics(shared_world))
    again = life.erased(DUE)
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json()["type"] == "/problems/nothing-changes"
    list(run_retention(shared_world.edge, NOBODY, AT))
    assert len(topics(shared_world)) == told
