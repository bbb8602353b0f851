"""Closed batches derived again: each at its own position comes out as it was closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from api import payroll
from ledger.application import Call
from ledger.commands.batch import Seen
from ledger.events.batch import BatchDrafted, BatchLine
from ledger.events.payroll import PayrollTerms
from ledger.rules.payroll_lines import lines_of_batch
from ledger.store import EVERYTHING
from projections import batches, payable
from projections.closed_batches import SUMS, Difference, differences, in_totals
from tests.aggregates.test_batch import drafted, lines
from tests.api.conftest import running
from tests.api.payroll import TERMS, Payday, hire, payday
from tests.api.test_cli import in_place
from tests.api.test_merges import merge
from tests.api.world import Issuer, World, stipend
from tests.database import Server

NOW = "2024-10-01T15:00:00Z"


@pytest.fixture(scope="module")
def world(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        world.client.headers["Ledger-Time"] = NOW
        yield world


def derived(day: Payday) -> list[Difference]:
    world = day.world
    world.edge.visible(("payouts", "batches"), world.edge.ledger.recorder.last_position())
    with world.edge.reading([EVERYTHING]) as connection:
        return differences(connection, UUID(day.district.id))


def tamper(world: World, statement: str, *values: object) -> None:
    """Change live tables behind the ledger's back, as the owner of the database can."""
    assert world.settings.database_url is not None
    with psycopg.connect(world.settings.database_url.get_secret_value()) as owner:
        owner.execute(sql.SQL("SET search_path = ledger_read"))
        assert owner.execute(statement.encode(), values).rowcount > 0


def paying(world: World) -> tuple[Payday, Issuer, str]:
    """A district that pays for a micro-credential, and who awards it."""
    day, issuer = payday(world), world.issuer()
    credential = issuer.credential()
    day.policy(credential)
    return day, issuer, credential


def two_batches(world: World) -> tuple[Payday, list[str]]:
    """One of three lines, of which one comes back, and one with that again and a correction."""
    day, issuer = payday(world), world.issuer()
    credential = issuer.credential()
    policy = day.policy(credential)
    for number in ("1", "2", "3"):
        day.award(hire(day, number), credential, issuer)
    first = day.close("2024-10-15")
    day.export(first)
    number = world.seen(day.office, f"/v1/batches/{first}")["number"]
    lines = day.lines(first)
    answered = ["rejected", "accepted", "accepted"]
    told = [
        f"{number},{one['line_id']},{said}\n" for one, said in zip(lines, answered, strict=True)
    ]
    assert day.answer(first, "batch_no,line_id,status\n" + "".join(told)).status_code == 200
    cheaper = stipend(amount={"kind": "flat", "amount_cents": 28_000})
    world.done(day.district.office, f"/v1/policies/{policy}/versions", cheaper)
    assert len(day.adopt_all()) == 2
    second = day.close("2024-10-31")
    assert [one["amount_cents"] for one in day.lines(second)] == [-2_000, -2_000, 28_000]
    return day, [first, second]


def test_batches_come_out_as_they_were_closed_whatever_is_owed_by_now(world: World) -> None:
    day, _ = two_batches(world)
    assert derived(day) == []


def test_what_was_held_void_or_of_a_record_that_was_merged_comes_out_as_it_was(
    world: World,
) -> None:
    """One is held while the first batch is made, the second is void, two records become one."""
    day, issuer, credential = paying(world)
    kept, other = hire(day, "21"), hire(day, "22", "Adelaide")
    for teacher in (kept, other):
        day.award(teacher, credential, issuer)
    held, _ = sorted(day.states())
    world.done(day.second, f"/v1/entitlements/{held}/holds", {"reason": "audit"})
    assert len(day.lines(day.close("2024-10-15"))) == 1
    world.done(day.second, f"/v1/entitlements/{held}/releases")
    void = day.close("2024-10-20")
    assert [one["entitlement_id"] for one in day.lines(void)] == [held]
    world.done(day.office, f"/v1/batches/{void}/voids", {"reason": "wrong_lines"})
    assert [one["attempt"] for one in day.lines(day.close("2024-10-22"))] == [2]
    merge(world, kept, other)
    day.adopt_all()
    assert len(day.lines(day.close("2024-10-25"))) == 1
    assert derived(day) == []


def test_the_first_line_that_differs_is_named_with_its_batch_and_field(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the derived tables say of the first batch's position is changed by one cent."""
    day, [first, _] = two_batches(world)
    line = day.lines(first)[1]
    cents = "UPDATE payouts SET amount_cents = amount_cents + %s WHERE payout_id = %s"
    tamper(world, cents + " AND policy_version = 1", 1, line["entitlement_id"])
    [found] = derived(day)
    assert (found.number, found.field) == (1, "amount_cents")
    assert str(line["line_id"]) in found.line
    assert (found.closed, found.derived) == ("30000", "30001")

    assert world.settings.database_url is not None
    url = world.settings.database_url.get_secret_value()
    run = in_place(url, world.settings.state_folder, monkeypatch)
    told = run("check", "payroll", "--sizes", exit_code=1).stdout
    assert "batches derived again: DIFFERENT" in told
    assert f"district {day.district.id} batch 1 line" in told
    assert "    closed:  30000\n    derived: 30001\n" in told
    tamper(world, cents + " AND policy_version = 1", -1, line["entitlement_id"])
    assert derived(day) == []


def test_a_batch_is_derived_again_though_one_before_it_was_voided_while_it_was_made(
    world: World,
) -> None:
    day, issuer, credential = paying(world)
    day.award(hire(day, "31"), credential, issuer)
    void = day.close("2024-10-15")
    day.award(hire(day, "32", "Adelaide"), credential, issuer)
    second = day.freeze("2024-10-31")
    world.done(day.office, f"/v1/batches/{void}/voids", {"reason": "wrong_lines"})
    day.approve(second)
    assert derived(day) == []
    [line] = day.lines(second)
    cents = "UPDATE payouts SET amount_cents = amount_cents + 1 WHERE payout_id = %s"
    tamper(world, cents, line["entitlement_id"])
    [found] = derived(day)
    assert (found.number, found.field) == (2, "amount_cents")


def test_a_line_that_one_side_lacks_is_named(world: World) -> None:
    day, [first, _] = two_batches(world)
    line = day.lines(first)[2]
    verdict = "UPDATE payouts SET verdict = %s WHERE payout_id = %s AND policy_version = 1"
    tamper(world, verdict, "pending", line["entitlement_id"])
    [found] = derived(day)
    assert (found.number, found.field, found.derived) == (1, "line", None)
    assert str(line["line_id"]) in found.line
    tamper(world, verdict, "due", line["entitlement_id"])


def read_for_the_next(day: Payday, pay_date: date) -> tuple[int, Seen, list[BatchLine]]:
    """What whoever drafts a batch has read before anybody else does anything."""
    edge, district_id = day.world.edge, UUID(day.district.id)
    through = edge.ledger.recorder.last_position()
    edge.visible(payable.VIEWS, through)
    with edge.reading([EVERYTHING]) as connection:
        [newest] = batches.of_district(connection, district_id, limit=1)
        made = lines_of_batch(
            payable.payable(connection, district_id, through=through, pay_date=pay_date),
            [],
            batches.last_tries(connection, district_id),
            batches.decided(connection, district_id),
            PayrollTerms.model_validate(TERMS),
        )
    return through, Seen(newest.number, newest.version), made


def draft_and_close(day: Payday, through: int, seen: Seen, due: list[BatchLine]) -> str:
    """A batch of the lines that somebody has read before."""
    at = datetime(2024, 10, 1, 15, tzinfo=UTC)
    batch_id = payroll.draft_lines(
        day.world.edge,
        Call(caller_id=day.office, command_id=uuid4(), body_hash=bytes(32), at=at),
        district_id=UUID(day.district.id),
        pay_date=date(2024, 10, 31),
        through_position=through,
        seen=seen,
        make_lines=lambda _: due,
    ).stream
    day.world.done(day.office, f"/v1/batches/{batch_id}/freezes")
    day.approve(str(batch_id))
    return str(batch_id)


def test_what_happened_between_reading_and_drafting_is_no_difference(world: World) -> None:
    """The oldest batch is voided, a line of another comes back, and what is paid now is held."""
    day, issuer, credential = paying(world)
    pay_date = date(2024, 10, 31)
    made = []
    for number, on in (("41", "2024-10-15"), ("42", "2024-10-16"), ("43", "2024-10-17")):
        day.award(hire(day, number), credential, issuer)
        made.append(day.close(on))
    day.export(made[1])
    number = world.seen(day.office, f"/v1/batches/{made[1]}")["number"]
    [back] = day.lines(made[1])
    day.award(hire(day, "44"), credential, issuer)
    through, seen, due = read_for_the_next(day, pay_date)
    [line] = due

    world.done(day.office, f"/v1/batches/{made[0]}/voids", {"reason": "wrong_lines"})
    told = f"batch_no,line_id,status\n{number},{back['line_id']},rejected\n"
    assert day.answer(made[1], told).status_code == 200
    world.done(day.second, f"/v1/entitlements/{line.entitlement_id}/holds", {"reason": "audit"})
    fourth = draft_and_close(day, through, seen, due)
    assert [one["line_id"] for one in day.lines(fourth)] == [str(line.line_id)]
    assert derived(day) == []


def test_a_line_in_doubt_when_a_batch_was_drafted_is_missed_until_a_later_one_is_closed(
    world: World,
) -> None:
    """Whoever drafts leaves out what an event that is parked may be about; mended, it is owed."""
    day, issuer, credential = paying(world)
    day.award(hire(day, "51"), credential, issuer)
    day.export(day.close("2024-10-15"))
    for number in ("52", "53"):
        day.award(hire(day, number), credential, issuer)
    through, seen, due = read_for_the_next(day, date(2024, 10, 31))
    certain, in_doubt = due
    draft_and_close(day, through, seen, [certain])
    [missed] = derived(day)
    assert (missed.number, missed.field, missed.closed) == (2, "line", None)
    assert str(in_doubt.line_id) in missed.line
    third = day.freeze("2024-11-15")
    assert derived(day) == [missed], "it is listed, and may still be voided"
    day.approve(third)
    assert derived(day) == []


def test_what_was_decided_before_the_newest_batch_moved_was_known_to_whoever_drafted(
    world: World,
) -> None:
    """A line was held and released after the position that the batch names; it is looked at."""
    day, issuer, credential = paying(world)
    day.award(hire(day, "51"), credential, issuer)
    first = day.close("2024-10-15")
    paid = {one["entitlement_id"] for one in day.lines(first)}
    day.award(hire(day, "52"), credential, issuer)
    through = world.position
    [entitlement] = day.states().keys() - paid
    world.done(day.second, f"/v1/entitlements/{entitlement}/holds", {"reason": "audit"})
    world.done(day.second, f"/v1/entitlements/{entitlement}/releases")
    day.export(first)
    second = day.draft("2024-10-31", through_position=through).json()["id"]
    world.done(day.office, f"/v1/batches/{second}/freezes")
    day.approve(second)
    cents = "UPDATE payouts SET amount_cents = amount_cents + %s WHERE payout_id = %s"
    tamper(world, cents, 1, entitlement)
    assert [(one.number, one.field) for one in derived(day)] == [(2, "amount_cents")]

    world.done(day.office, f"/v1/batches/{second}/voids", {"reason": "wrong_lines"})
    assert derived(day) == [], "what is void has nothing to prove"
    tamper(world, cents, -1, entitlement)


@pytest.mark.parametrize("field", ["line_count", "sum_cents", "positive_cents", "negative_cents"])
def test_what_a_batch_says_of_its_lines_as_a_whole_is_compared_as_well(field: str) -> None:
    made = lines(300, 200)
    [said] = [one for one in drafted(made) if isinstance(one, BatchDrafted)]
    assert in_totals(said, made) is None
    right = getattr(said, field)
    wrong = said.model_copy(update={field: right + 1})
    assert in_totals(wrong, made) == (SUMS, field, str(right + 1), str(right))
