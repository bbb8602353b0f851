"""Worlds whose first district has policies written as rules, a calendar, and facts on file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import strategies as st

from ledger.events.batch import (
    BatchClosed,
    BatchLine,
    BatchLinesListed,
    LineResult,
    ResultStatus,
    ReturnLinesListed,
)
from ledger.events.calendar import (
    CalendarFactRecorded,
    DistrictFact,
    FiscalYearSet,
    calendar_stream,
)
from ledger.events.credit import CreditRecorded, CreditWithdrawn
from ledger.events.dossier import (
    DocumentReceived,
    DossierFactRecorded,
    DossierFactWithdrawn,
    Fact,
    SeparationRecorded,
)
from ledger.events.enrollment import Enrolled, Resubmitted, Submitted
from ledger.events.policy import PolicyRuleAdopted
from ledger.events.policy_rule import Rule
from ledger.rules.payroll import line_id
from tests.projections.histories import (
    CREDENTIALS,
    DAYS,
    DISTRICTS,
    POLICIES,
    TEACHERS,
    World,
    terms,
)
from tests.rules.dossiers import plain_rule, shipped
from tests.samples import ZONE, named

HERE = DISTRICTS[0]
MARCH, JULY = DAYS[0], DAYS[3]


class RuledWorld(World):
    """A world whose district also has rules, a calendar and facts on file."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.credits: list[tuple[UUID, UUID]] = []  # person and stream of those that stand

    def adopt_rule(self, rule: Rule, policy: UUID = POLICIES[2]) -> int:
        self.districts_of.setdefault(policy, HERE)
        version = self.versions.get(policy, 0) + 1
        return self.add(
            PolicyRuleAdopted,
            policy,
            district_id=HERE,
            policy_version=version,
            board_reference=f"Minute {version}",
            adopted_on=date(2025, 2, 1),
            rule=rule,
        )

    def file(self, person: UUID, fact: Fact) -> int:
        """Put a fact on file; its version in the stream."""
        stream = named(f"dossier of {person}")
        self.add(DossierFactRecorded, stream, person_id=person, district_id=HERE, fact=fact)
        return self.versions[stream]

    def withdraw(self, person: UUID, version: int) -> int:
        return self.add(
            DossierFactWithdrawn,
            named(f"dossier of {person}"),
            person_id=person,
            district_id=HERE,
            withdrawn_version=version,
        )

    def set(self, fact: DistrictFact) -> int:
        return self.add(CalendarFactRecorded, calendar_stream(HERE), district_id=HERE, fact=fact)

    def years(self, *years: int) -> None:
        for year in years:
            first, last = date(year - 1, 7, 1), date(year, 6, 30)
            self.set(FiscalYearSet(fiscal_year=year, first_day=first, last_day=last))

    def credit(self, person: UUID, kind: str, hundredths: int, day: date) -> UUID:
        stream = named(f"credit {len(self.facts)}")
        self.add(
            CreditRecorded,
            stream,
            person_id=person,
            district_id=HERE,
            kind=kind,
            quantity_hundredths=hundredths,
            category=None,
            course=None,
            begun_on=None,
            earned_on=day,
            zone=ZONE,
            approved_on=None,
            exchanged_enrollment_id=None,
            documents=None,
        )
        return stream

    def begin(self, person: UUID, credential: UUID, at: datetime, *handed_in: date) -> None:
        """She enrolls for the first time, and hands in on these days."""
        enrollment = named(f"{person} {credential} 0")
        self.add(
            Enrolled,
            enrollment,
            at=at,
            person_id=person,
            credential_id=credential,
            credential_version=1,
            issuer_id=named("issuer"),
            cycle=1,
            renews_enrollment_id=None,
        )
        for attempt, day in enumerate(handed_in, 1):
            self.add(
                Submitted if attempt == 1 else Resubmitted,
                enrollment,
                person_id=person,
                attempt=attempt,
                evidence_ids=(),
                reflection=None,
                zone=ZONE,
                submitted_on=day,
            )

    def lines(self, policies: Sequence[UUID], attempt: int = 1) -> list[BatchLine]:
        """A line of 300 dollars for every award under each of some policies."""
        return [
            batch_line(
                named(f"{policy} {award}"),
                event.person_id,
                policy,
                award,
                30_000,
                attempt=attempt,
                earned_on=event.awarded_on,
            )
            for award, event in self.awards.items()
            for policy in policies
        ]

    def close(self, lines: Sequence[BatchLine], pay_date: date, number: int = 1) -> UUID:
        """A batch with these lines, listed and closed."""
        batch = named(f"batch {number}")
        self.add(BatchLinesListed, batch, district_id=HERE, lines=tuple(lines))
        cents = sum(line.amount_cents for line in lines)
        self.add(
            BatchClosed,
            batch,
            district_id=HERE,
            number=number,
            pay_date=pay_date,
            through_position=len(self.facts),
            line_count=len(lines),
            sum_cents=cents,
            positive_cents=cents,
            negative_cents=0,
            ciphertext_sha256=f"sha256:{'0' * 64}",
        )
        return batch

    def answer(
        self, batch: UUID, line: UUID, status: ResultStatus, paid_on: date | None = None
    ) -> int:
        """What payroll answers to one line of a batch."""
        result = LineResult(
            line_id=line, status=status, code=None, paid_cents=None, paid_on=paid_on, exception=None
        )
        return self.add(
            ReturnLinesListed,
            batch,
            district_id=HERE,
            return_number=1,
            results=(result,),
            quarantined_line_ids=(),
        )

    def withdraw_credit(self, person: UUID, stream: UUID) -> int:
        return self.add(
            CreditWithdrawn,
            stream,
            person_id=person,
            district_id=HERE,
            reason="mistake",
            effective_on=JULY,
        )


def batch_line(
    entitlement: UUID,
    person: UUID,
    policy: UUID,
    subject: UUID,
    cents: int,
    *,
    earned_on: date,
    instalment: int = 1,
    attempt: int = 1,
) -> BatchLine:
    """A line that pays something earned."""
    return BatchLine(
        line_id=line_id(entitlement, instalment, "earn"),
        attempt=attempt,
        kind="earn",
        instalment=instalment,
        entitlement_id=entitlement,
        person_id=person,
        policy_id=policy,
        policy_version=1,
        subject_id=subject,
        earned_on=earned_on,
        amount_cents=cents,
        earning_code="MCR",
        fund_source=None,
        account=None,
        pensionable=False,
        original=None,
    )


def employed(*persons: UUID) -> RuledWorld:
    world = RuledWorld()
    for person in persons:
        world.employ(person, HERE, first_day=date(2020, 8, 17))
    return world


RULES = [
    plain_rule(pool={"budget_cents": 70_000}),
    plain_rule(caps=[{"of": "times", "most": 1, "per": "fiscal_year"}]),
    plain_rule(preconditions=[{"kind": "documents", "documents": ["pay_slip"]}]),
    plain_rule(windows=[{"kind": "within", "what": "submitted", "after": "started", "days": 90}]),
    plain_rule(versioning={"grandfathered": True}, effective_from="2025-05-01"),
    shipped("I10"),
    shipped("I17", "carried_over"),
    shipped("I25", "by_months"),
]


KINDS = ["employ"] * 3 + ["award"] * 6 + ["rule"] * 2 + ["credit"] * 4 + ["document"] * 3
KINDS += ["begin", "begin", "leave", "withdraw", "turn", "terms", "retire"]
KINDS += ["year 2025", "year 2026"]


@st.composite
def ruled_worlds(draw: st.DrawFn) -> RuledWorld:
    """Rules, calendars, facts and awards in any order."""
    world = RuledWorld()
    for kind in draw(st.permutations(KINDS)):
        person, day = draw(st.sampled_from(TEACHERS)), draw(st.sampled_from(DAYS))
        if kind in {"employ", "begin", "award", "turn", "leave", "document"}:
            _live(world, kind, person, day, draw)
        else:
            _rule(world, kind, person, day, draw)
    return world


def _live(world: RuledWorld, kind: str, person: UUID, day: date, draw: st.DrawFn) -> None:
    if kind == "employ":
        world.employ(person, HERE, first_day=MARCH)
    elif kind == "begin":
        credential = draw(st.sampled_from(CREDENTIALS))
        if named(f"{person} {credential} 0") not in world.versions:
            begun = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
            world.begin(person, credential, begun, day)
    elif kind == "award":
        world.award(person, draw(st.sampled_from(CREDENTIALS)), day)
    elif kind == "leave":
        world.file(person, SeparationRecorded(reason="resignation", last_day=day))
    elif world.awards:
        award = draw(st.sampled_from(sorted(world.awards)))
        if kind == "turn":
            world.turn(award)
        else:
            slip = DocumentReceived(subject_id=award, document="pay_slip", received_on=day)
            world.file(world.awards[award].person_id, slip)


def _rule(world: RuledWorld, kind: str, person: UUID, day: date, draw: st.DrawFn) -> None:
    if kind == "rule":
        fresh = next(one for one in POLICIES[:2] if one not in world.districts_of)
        world.adopt_rule(draw(st.sampled_from(RULES)), fresh)
    elif kind == "credit":
        what = draw(st.sampled_from(["credit_hour", "semester_hour"]))
        world.credits.append((person, world.credit(person, what, 900, day)))
    elif kind.startswith("year"):
        number = int(kind.removeprefix("year "))
        first, last = date(number - 1, 7, 1), date(number, 6, 30)
        world.set(FiscalYearSet(fiscal_year=number, first_day=first, last_day=last))
    elif kind == "terms":
        world.adopt(POLICIES[2], HERE, terms(budget_cents_per_year=50_000))
    elif kind == "retire" and world.districts_of:
        world.retire(draw(st.sampled_from(sorted(world.districts_of))), DAYS[6])
    elif kind == "withdraw" and world.credits:
        world.withdraw_credit(*world.credits.pop())
