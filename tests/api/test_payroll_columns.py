"""What a canonical file says of each line, and lines of an amount that several funds pay."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from hashlib import sha256
from uuid import UUID

import orjson
import pytest

from ledger.events.enrollment import EvidenceUploaded, Submitted
from tests.api.conftest import running
from tests.api.payroll import Payday, hire, payday
from tests.api.test_cli import in_place
from tests.api.world import Story, World, credit_of, stipend
from tests.database import Server

NOW = "2024-10-01T15:00:00Z"


@pytest.fixture(scope="module")
def place(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        world.client.headers["Ledger-Time"] = NOW
        yield world


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def shared_rule(**account: object) -> dict[str, object]:
    """One hundred dollars and a cent, three fifths of them from Title II."""
    shares = [{"fund": "title-ii", "percent": 60}, {"fund": "general", "percent": 40}]
    return {
        "title": "Of two funds",
        "zone": "America/Chicago",
        "effective_from": "2024-07-01",
        "trigger": {"kind": "award"},
        "benefit": "one_time",
        "amount": [{"name": "flat", "basis": {"kind": "flat", "amount_cents": 10_001}}],
        "account": {"fund": "title-ii", "shares": shares, **account},
    }


def adopt(day: Payday, rule: dict[str, object], path: str = "") -> str:
    body = {"board_reference": "Minute 8", "adopted_on": "2024-06-01", "rule": rule}
    path = path or f"{day.path}/policy-rules"
    return str(day.world.done(day.district.office, path, body)["id"])


def with_calendar(day: Payday) -> Payday:
    year = {"first_day": "2024-07-01", "last_day": "2025-06-30", "fiscal_year": 2025}
    fact = {"kind": "fiscal_year_set", **year}
    day.world.done(day.district.office, f"{day.path}/calendar", {"fact": fact})
    return day


def test_a_line_says_what_was_handed_in_and_in_which_position_it_was_earned(place: World) -> None:
    day, issuer = payday(place), place.issuer()
    credential = issuer.credential()
    day.policy(credential)
    teacher = hire(day, "4501")
    story = Story(place, issuer, teacher, credential, issuer.assessors(credential, day.district, 2))
    story.award()

    [row] = rows(day.export(day.close("2024-10-15")))

    events = list(place.edge.ledger.events.get(UUID(story.enrollment)))
    [submitted] = [one for one in events if isinstance(one, Submitted)]
    digests = sorted(
        one.ciphertext_sha256
        for one in events
        if isinstance(one, EvidenceUploaded) and one.evidence_id in submitted.evidence_ids
    )
    assert len(digests) > 1
    content = "".join(f"{digest}\n" for digest in digests)
    assert row["evidence_hash"] == f"sha256:{sha256(content.encode()).hexdigest()}"
    [job] = place.seen(teacher, f"/v1/people/{teacher}/employments")["items"]
    assert row["position"] == job["employment_id"]
    assert (row["units"], row["rate"], row["amount"]) == ("1", "300.00", "300.00")
    assert row["cost_split"] == ""


def by_the_hour(**changed: object) -> dict[str, object]:
    """40.00 for each hour in a workshop, or as changed."""
    return {
        "title": "By the hour",
        "zone": "America/Chicago",
        "effective_from": "2024-07-01",
        "trigger": {"kind": "activity", "activities": ["contact_hour"]},
        "benefit": "one_time",
        "amount": [{"name": "hours", "basis": {"kind": "per_unit", "amount_cents": 4_000}}],
        "account": {"fund": "general"},
        **changed,
    }


@pytest.mark.parametrize(
    ("changed", "hundredths", "told"),
    [
        ({}, 250, [("2.5", "40.00", "100.00")]),  # 2.5 × 40.00
        ({}, 300, [("3", "40.00", "120.00")]),
        # 3.03 × 40.00 = 121.20, and 3.033 hours do not exist.
        ({}, 303, [("3.03", "40.00", "121.20")]),
        # 5 × 40.00 = 200.00, of which a cap leaves 150.00: one unit of what is left.
        (
            {"caps": [{"of": "cents", "most": 15_000, "per": "fiscal_year"}]},
            500,
            [("1", "150.00", "150.00")],
        ),
        # A cap on units leaves 4 of 5 hours: 4 × 40.00.
        (
            {"caps": [{"of": "units", "most": 4, "per": "fiscal_year"}]},
            500,
            [("4", "40.00", "160.00")],
        ),
        # Two instalments of 60.00.
        (
            {"timing": {"instalments": {"count": 2}}},
            300,
            [("1", "60.00", "60.00"), ("1", "60.00", "60.00")],
        ),
    ],
)
def test_units_times_rate_is_the_amount_and_nothing_else(
    place: World, changed: dict[str, object], hundredths: int, told: list[tuple[str, ...]]
) -> None:
    day = with_calendar(payday(place))
    adopt(day, by_the_hour(**changed))
    teacher = hire(day, "1")
    place.seen(day.district.office, f"/v1/people/{teacher}/employments")  # the views know of her
    attended = credit_of(
        teacher, kind="contact_hour", quantity_hundredths=hundredths, earned_on="2024-09-12"
    )
    day.world.done(day.district.office, f"{day.path}/credits", attended)

    batch = day.close("2025-06-30")

    found = rows(day.export(batch))
    assert [(one["units"], one["rate"], one["amount"]) for one in found] == told
    in_json = [orjson.loads(line) for line in day.export(batch, "canonical-jsonl").splitlines()]
    assert [one["units"] for one in in_json] == [float(units) for units, _, _ in told]


def test_each_fund_pays_a_line_of_its_own_and_the_cents_add_up(place: World) -> None:
    """100.01: 60.006 and 40.004, of which the larger remainder rounds up."""
    day, issuer = with_calendar(payday(place)), place.issuer()
    credential = issuer.credential()
    adopt(day, shared_rule(template="{fund}-2213"))
    day.award(hire(day, "1"), credential, issuer)
    batch = day.close("2024-10-15")

    found = rows(day.export(batch))

    assert [(one["amount"], one["fund_source"], one["account_string"]) for one in found] == [
        ("40.00", "general", "general-2213"),
        ("60.01", "title-ii", "title-ii-2213"),
    ]
    assert {one["cost_split"] for one in found} == {"general=40.00 title-ii=60.01"}
    assert len({one["line_id"] for one in found}) == 2
    assert len({one["entitlement_id"] for one in found}) == 1
    assert rows(day.export(day.close("2024-10-31"))) == [], "each share is paid once"
    assert place.seen(day.office, f"{day.path}/correction-proposals")["items"] == []


def test_a_share_that_is_taken_back_goes_to_the_fund_that_paid_it(place: World) -> None:
    day, issuer = with_calendar(payday(place)), place.issuer()
    credential = issuer.credential()
    adopt(day, shared_rule())
    award = day.award(hire(day, "1"), credential, issuer)
    day.export(day.close("2024-10-15"))
    reason = {"reason": "plagiarism", "authority": "issuer"}
    place.done(issuer.approver, f"/v1/enrollments/{award}/revocations", reason)

    day.adopt_all()

    found = rows(day.export(day.close("2024-10-31")))
    assert {(one["amount"], one["fund_source"]) for one in found} == {
        ("-60.01", "title-ii"),
        ("-40.00", "general"),
    }
    assert {one["tax_year"] for one in found} == {"2024"}


def test_the_nightly_check_lists_what_is_proposed_of_closed_batches(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.client.headers["Ledger-Time"] = NOW
    day, issuer = payday(world), world.issuer()
    credential = issuer.credential()
    policy = day.policy(credential)
    day.award(hire(day, "1"), credential, issuer)
    day.close("2024-10-15")
    assert world.settings.database_url is not None
    url = world.settings.database_url.get_secret_value()
    run = in_place(url, world.settings.state_folder, monkeypatch)
    assert "closed batches: as is owed" in run("check", "payroll", "--sizes").stdout
    body = stipend(amount={"kind": "flat", "amount_cents": 28_000})
    world.done(day.district.office, f"/v1/policies/{policy}/versions", body)
    world.edge.visible(("payouts", "batches"), world.position)

    told = run("check", "payroll", "--sizes", exit_code=1).stdout

    assert "closed batches: DIFFERENT" in told
    assert "batches derived again: as they were closed" in told
    [entitlement] = day.states()
    line = f"district {day.district.id} entitlement {entitlement}: 300.00 closed, 280.00 owed"
    assert line in told
    day.adopt_all()
    world.edge.visible(("payouts", "batches"), world.position)
    assert "closed batches: as is owed" in run("check", "payroll", "--sizes").stdout
