"""Payroll files are kept as long as the law or a hold wants them, and are destroyed after that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.payroll_retention import destroy_due_files
from ledger.application import Call, Ledger
from ledger.commands.payroll_retention import files_of_batch
from ledger.erasure import Eraser
from ledger.events.payroll_retention import (
    PayrollDestructionBegun,
    PayrollDestructionHeldBack,
    PayrollFilesDestroyed,
)
from tests.api.payroll import Payday, hire, payday
from tests.api.test_cli import in_place
from tests.api.test_merges import merge
from tests.api.world import World
from tests.privacy.life import NOBODY
from tests.privacy.places import dump
from tests.privacy.test_drill import url_of
from tests.privacy.test_restore import VAULT, ready, restore
from tests.privacy.test_steps import Killed, after, before
from tests.seal.logs import examined, owner, seal, sealer

PAID = {"Ledger-Time": "2024-10-01T15:00:00Z"}
LAST_DAY = datetime.fromisoformat("2029-02-01T04:00:00Z")  # still January 31 where she works
DUE = datetime.fromisoformat("2029-02-01T18:00:00Z")
BEGUN, DESTROYED = PayrollDestructionBegun.TOPIC, PayrollFilesDestroyed.TOPIC


@dataclass
class Paid:
    """A batch of one teacher that was exported and answered."""

    day: Payday
    teacher: UUID
    batch: str

    @property
    def world(self) -> World:
        return self.day.world

    def run(self, at: datetime = DUE) -> list[str]:
        """What a day's run does with this batch."""
        told = destroy_due_files(self.world.edge, NOBODY, at)
        return [str(one.outcome) for one in told if one.batch_id == UUID(self.batch)]

    def topics(self) -> list[str]:
        rows = self.world.edge.ledger.recorder.read_log(0, 100_000)
        named = [row for row in rows if row[4].startswith("retention.payroll-")]
        return [row[4] for row in named if self.batch.encode() in bytes(row[5])]

    def keys(self) -> int:
        query = "SELECT count(*) FROM vault_payroll_files WHERE batch_id = %s"
        with self.world.edge.vault.connections.connection() as connection:
            [(count,)] = connection.execute(query, [self.batch]).fetchall()
        return int(count)

    def blobs(self) -> int:
        folder = self.world.settings.evidence_files
        files = files_of_batch(self.world.edge.ledger, UUID(self.batch))
        return sum((folder / f"payroll-{one}").exists() for one in files)

    def answer(self, path: str = "") -> Any:
        return self.world.get(
            self.day.machine, f"/v1/batches/{self.batch}/files/canonical-csv{path}"
        )

    def hold(self, teacher: UUID | None = None) -> Callable[[], Any]:
        """Hold the payee; gives what lifts it."""
        path = f"/v1/people/{teacher or self.teacher}"
        placed = self.world.done(self.world.operator, f"{path}/holds", {"reason": "audit"})
        lifted = {"hold_id": placed["hold_id"], "reason": "matter-closed"}
        return lambda: self.world.done(self.world.operator, f"{path}/hold-lifts", lifted)


@pytest.fixture
def paid(shared_world: World) -> Paid:
    return pay(shared_world)


def pay(world: World) -> Paid:
    world.client.headers.update(PAID)
    day, issuer = payday(world), world.issuer()
    credential = issuer.credential()
    day.policy(credential)
    teacher = hire(day, "4501")
    day.award(teacher, credential, issuer)
    batch = day.close("2024-10-15")
    day.export(batch)
    [line] = day.lines(batch)
    answered = f"batch_no,line_id,status\n1,{line['line_id']},accepted\n"
    assert day.answer(batch, answered).status_code == 200
    made = Paid(day, teacher, batch)
    assert (made.keys(), made.blobs()) == (3, 3), "frozen, exported and answered"
    return made


def test_files_are_destroyed_on_the_day_after_the_last_one_they_are_wanted(
    paid: Paid, tmp_path: Path
) -> None:
    assert paid.run(LAST_DAY) == []
    assert paid.answer().status_code == 200

    assert paid.run() == ["destroyed"]

    assert (paid.keys(), paid.blobs()) == (0, 0)
    assert paid.topics() == [BEGUN, DESTROYED]
    for path in ("", "/envelope"):
        gone = paid.answer(path)
        assert (gone.status_code, gone.json()["type"]) == (410, "/problems/payroll-file-destroyed")
    edge = paid.world.edge
    edge.visible(("batches",), edge.ledger.recorder.last_position())
    log = paid.world.seen(paid.day.office, f"/v1/batches/{paid.batch}/log")["items"]
    assert (log[-1]["happened"], log[-1]["detail"]) == ("files_destroyed", {"files": 3})
    assert [one["amount_cents"] for one in paid.day.lines(paid.batch)] == [30_000]
    assert paid.run() == []
    assert len(paid.topics()) == 2, "what is gone is not destroyed twice"
    seal(url_of(paid.world), tmp_path)
    with owner(url_of(paid.world)) as connection:
        keys = sealer(url_of(paid.world), tmp_path).signer.trusted
        assert examined(connection, keys).exit_status == 0


def test_the_next_batch_is_chained_to_nothing(paid: Paid) -> None:
    assert paid.run() == ["destroyed"]
    later = paid.day.close("2024-10-31")
    paid.day.export(later)
    path = f"/v1/batches/{later}/files/canonical-csv/envelope"
    assert paid.world.seen(paid.day.machine, path)["previous_batch_sha256"] is None


def test_a_hold_on_a_payee_keeps_the_files_until_it_is_lifted(paid: Paid) -> None:
    lift = paid.hold()
    assert paid.run() == ["held"]
    assert paid.topics() == []
    assert paid.answer().status_code == 200
    lift()
    assert paid.run() == ["destroyed"]


def test_a_hold_on_the_record_that_hers_was_merged_into_keeps_them_too(paid: Paid) -> None:
    kept = paid.day.district.person("Adelaide")
    merge(paid.world, kept, paid.teacher)
    paid.hold(kept)
    assert paid.run() == ["held"]


def test_a_hold_that_is_placed_beside_the_decision_comes_in_time(
    paid: Paid, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifts: list[Callable[[], Any]] = []
    append = Ledger.append

    def held_first(ledger: Ledger, call: Call, events: Any, reads: Any) -> Any:
        begun = events[0]  # of a batch that another test has left, it may be
        own = isinstance(begun, PayrollDestructionBegun) and str(begun.batch_id) == paid.batch
        if own and not lifts:
            lifts.append(paid.hold())
        return append(ledger, call, events, reads)

    monkeypatch.setattr(Ledger, "append", held_first)
    assert paid.run() == ["held"]
    assert paid.topics() == [BEGUN, PayrollDestructionHeldBack.TOPIC]
    assert paid.answer().status_code == 200
    lifts[0]()
    assert paid.run() == ["destroyed"]
    assert paid.topics()[2:] == [BEGUN, DESTROYED]


def before_confirming(append: Callable[..., Any]) -> Callable[..., Any]:
    def killed(ledger: Ledger, call: Call, events: Any, reads: Any) -> Any:
        if isinstance(events[0], PayrollFilesDestroyed):
            raise Killed
        return append(ledger, call, events, reads)

    return killed


@pytest.mark.parametrize(
    ("place", "name", "kill"),
    [
        (Eraser, "destroy_payroll_files", before),
        (Eraser, "destroy_payroll_files", after),
        (Ledger, "append", before_confirming),
        (Ledger, "append", after),
    ],
)
def test_a_destruction_that_broke_off_is_finished_by_the_next_run(
    paid: Paid, monkeypatch: pytest.MonkeyPatch, place: type, name: str, kill: Any
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(place, name, kill(getattr(place, name)))
        with pytest.raises(Killed):
            paid.run()
    assert paid.run() == ["destroyed"]
    assert paid.topics() == [BEGUN, DESTROYED]
    assert (paid.keys(), paid.blobs()) == (0, 0)


def test_a_hold_comes_too_late_for_keys_that_are_gone(
    paid: Paid, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Eraser, "destroy_payroll_files", after(Eraser.destroy_payroll_files))
        with pytest.raises(Killed):
            paid.run()
    paid.hold()
    assert paid.run() == ["destroyed"]


def test_a_vault_that_is_put_back_forgets_them_before_it_is_ready(world: World) -> None:
    paid = pay(world)
    copy = dump(url_of(world), *VAULT)
    assert paid.run() == ["destroyed"]
    restore(url_of(world), copy, empty=True)
    assert paid.keys() == 3, "so it is a real copy"
    assert ready(world) == (200, "3 forgotten again")
    assert paid.keys() == 0
    assert paid.answer().status_code == 410


def test_the_daily_run_says_what_became_of_them(
    paid: Paid, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = in_place(url_of(paid.world), paid.world.settings.state_folder, monkeypatch)
    monkeypatch.setattr("api.clock.wall", lambda: DUE)
    lift = paid.hold()
    named = f"files of payroll batch {paid.batch}"
    assert f"{named}: kept: legal-hold" in run("retention", "run").stdout
    lift()
    assert f"{named}: destroyed" in run("retention", "run").stdout
    assert named not in run("retention", "run").stdout
