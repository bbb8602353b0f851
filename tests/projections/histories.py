"""Small worlds of teachers, districts, policies and stacks, as logs that hypothesis can draw.

A `World` turns what people did into events with right positions and versions, and refuses (by
leaving out) what the aggregates would refuse. Two districts, three teachers, four credentials of
three tiers; few days around a first of July, so that years, spans and caps are often touched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from ledger.events import LedgerEvent
from ledger.events.credential import CredentialVersionPublished
from ledger.events.employment import (
    EmploymentChanged,
    EmploymentEnded,
    EmploymentReopened,
    EmploymentStarted,
)
from ledger.events.enrollment import Awarded, Reinstated, Revoked
from ledger.events.policy import (
    AwardTrigger,
    FlatAmount,
    PolicyAdopted,
    PolicyRetired,
    PolicyTerms,
    StackTrigger,
    Tier,
    TieredAmount,
)
from ledger.events.stack import Group, StackDefined, StackRetired
from projections.contract import Fact
from tests.samples import MONDAY, ZONE, definition, header, named

TEACHERS = [named(f"teacher {n}") for n in range(3)]
DISTRICTS = [named(f"district {n}") for n in range(2)]
CREDENTIALS = [named(f"credential {n}") for n in range(4)]
TIERS = ["basic", "advanced", "expert", "basic"]
STACKS = [named(f"stack {n}") for n in range(2)]
POLICIES = [named(f"policy {n}") for n in range(3)]
DAYS = [
    date(2025, 3, 1),
    date(2025, 5, 15),
    date(2025, 6, 30),
    date(2025, 7, 1),
    date(2025, 7, 2),
    date(2025, 9, 10),
    date(2026, 1, 5),
    date(2026, 7, 1),
]
ROLES = ["teacher", "aide"]


@dataclass
class World:
    """The log so far."""

    facts: list[Fact[Any]] = field(default_factory=list)
    versions: dict[UUID, int] = field(default_factory=dict)
    awards: dict[UUID, Awarded] = field(default_factory=dict)
    revoked: set[UUID] = field(default_factory=set)
    jobs: dict[UUID, EmploymentStarted] = field(default_factory=dict)
    districts_of: dict[UUID, UUID] = field(default_factory=dict)  # by policy

    def __post_init__(self) -> None:
        for credential, tier in zip(CREDENTIALS, TIERS, strict=True):
            self.add(
                CredentialVersionPublished,
                credential,
                issuer_id=named("issuer"),
                author_id=None,
                credential_version=1,
                definition=definition(tier=tier),
            )

    def add(self, event_class: type[LedgerEvent], stream: UUID, **fields: Any) -> int:
        """Append one event; its position."""
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        position = len(self.facts) + 1
        at = MONDAY + timedelta(minutes=position)
        head = header(stream, version, at) | {"occurred_at": fields.pop("at", at)}
        self.facts.append(Fact(position, event_class(**head, **fields)))
        return position

    def award(
        self, person: UUID, credential: UUID, day: date, expires_on: date | None = None
    ) -> UUID | None:
        """Award it, unless she holds it; her next cycle when it was revoked."""
        held = [
            e
            for e, a in self.awards.items()
            if (a.person_id, a.credential_id) == (person, credential)
        ]
        if any(enrollment not in self.revoked for enrollment in held):
            return None
        enrollment = named(f"{person} {credential} {len(held)}")
        self.add(
            Awarded,
            enrollment,
            person_id=person,
            credential_id=credential,
            credential_version=1,
            issuer_id=named("issuer"),
            attempt=1,
            zone=ZONE,
            awarded_on=day,
            expires_on=expires_on,
        )
        self.awards[enrollment] = self.facts[-1].event
        return enrollment

    def turn(self, enrollment: UUID) -> int:
        """Revoke an award that stands, reinstate one that was revoked."""
        person = self.awards[enrollment].person_id
        shared = {"person_id": person, "reason": "plagiarism", "authority": "issuer"}
        if enrollment in self.revoked:
            self.revoked.remove(enrollment)
            return self.add(Reinstated, enrollment, **shared)
        self.revoked.add(enrollment)
        return self.add(Revoked, enrollment, **shared, zone=ZONE, effective_on=date(2025, 8, 1))

    def employ(
        self,
        person: UUID,
        district: UUID,
        *,
        first_day: date = DAYS[0],
        last_day: date | None = None,
        role: str = "teacher",
        exempt: bool | None = True,
    ) -> UUID:
        """A further position."""
        job = named(f"job {len(self.jobs)}")
        self.add(
            EmploymentStarted,
            job,
            person_id=person,
            district_id=district,
            school_id=None,
            role=role,
            fte_thousandths=500,
            exempt=exempt,
            zone=ZONE,
            first_day=first_day,
            last_day=last_day,
        )
        self.jobs[job] = self.facts[-1].event
        return job

    def change(self, job: UUID, role: str, day: date, *, exempt: bool | None) -> int:
        return self.add(
            EmploymentChanged,
            job,
            **self._of(job),
            school_id=None,
            role=role,
            fte_thousandths=1000,
            exempt=exempt,
            effective_on=day,
        )

    def end(self, job: UUID, last_day: date | None) -> int:
        """The last day; null: the end was taken back."""
        if last_day is None:
            return self.add(EmploymentReopened, job, **self._of(job))
        return self.add(EmploymentEnded, job, **self._of(job), last_day=last_day)

    def _of(self, job: UUID) -> dict[str, Any]:
        started = self.jobs[job]
        return {"person_id": started.person_id, "district_id": started.district_id}

    def adopt(self, policy: UUID, district: UUID, terms: PolicyTerms) -> int:
        """The first version of a policy, or its next."""
        district = self.districts_of.setdefault(policy, district)
        version = self.versions.get(policy, 0) + 1
        return self.add(
            PolicyAdopted,
            policy,
            district_id=district,
            policy_version=version,
            board_reference=f"Minute {version}",
            adopted_on=date(2025, 2, 1),
            terms=terms,
        )

    def retire(self, policy: UUID, last_day: date) -> int:
        return self.add(
            PolicyRetired,
            policy,
            district_id=self.districts_of[policy],
            board_reference="Minute 99",
            last_day=last_day,
        )

    def define(self, stack: UUID, requirement: Group, capstone: UUID | None, day: date) -> int:
        return self.add(
            StackDefined,
            stack,
            stack_version=self.versions.get(stack, 0) + 1,
            issuer_id=named("issuer"),
            title="A stack",
            summary="Credentials that mean more together.",
            requirement=requirement,
            capstone_credential_id=capstone,
            at=datetime(day.year, day.month, day.day, 17, tzinfo=UTC),
        )

    def retire_stack(self, stack: UUID) -> int:
        return self.add(StackRetired, stack, reason="superseded")


def terms(**changes: Any) -> PolicyTerms:
    """A flat stipend of 300 dollars for each award, from the first of the days on."""
    fields: dict[str, Any] = {
        "title": "Stipend",
        "zone": ZONE,
        "effective_from": DAYS[0],
        "trigger": AwardTrigger(),
        "benefit": "one_time",
        "amount": FlatAmount(amount_cents=30_000),
    }
    return PolicyTerms(**fields | changes)


def tiers(**cents: int) -> TieredAmount:
    listed = tuple(Tier(tier=tier, amount_cents=amount) for tier, amount in cents.items())
    return TieredAmount(tiers=listed)


def all_of(*credentials: UUID, needed: int | None = None) -> Group:
    return Group(title="Parts", needed=needed or len(credentials), credential_ids=credentials)


DAY = st.sampled_from(DAYS)
SOME_DISTRICT = st.sampled_from([DISTRICTS[0], DISTRICTS[0], DISTRICTS[1]])
MAYBE_DAY = st.none() | DAY
TRIGGERS = st.sampled_from(
    [
        AwardTrigger(),
        AwardTrigger(),
        AwardTrigger(credential_ids=tuple(CREDENTIALS[:2])),
        StackTrigger(stack_id=STACKS[0]),
        StackTrigger(stack_id=STACKS[1]),
    ]
)
AMOUNTS = st.sampled_from(
    [
        FlatAmount(amount_cents=40_000),
        FlatAmount(amount_cents=25_000),
        FlatAmount(amount_cents=0),
        tiers(basic=20_000, advanced=40_000, expert=60_000),
        tiers(basic=15_000),
    ]
)
TERMS = st.builds(
    terms,
    effective_from=st.sampled_from([DAYS[0], DAYS[0], DAYS[3], DAYS[5]]),
    effective_to=st.sampled_from([None, None, None, DAYS[2], DAYS[5]]),
    trigger=TRIGGERS,
    benefit=st.sampled_from(["one_time", "base_pay"]),
    amount=AMOUNTS,
    roles=st.sampled_from([None, None, None, ("teacher",), ("aide", "principal")]),
    exempt_only=st.sampled_from([False, False, True]),
    employed_on=st.sampled_from(["award_date", "award_date", "payable_date", None]),
    also_employed_on=st.sampled_from([None, None, None, None, DAYS[2], DAYS[6]]),
    waiting_days=st.sampled_from([0, 0, 30, 400]),
    year_starts_month=st.sampled_from([1, 7, 7]),
    person_cap_cents_per_year=st.sampled_from([None, None, 0, 50_000, 70_000]),
    budget_cents_per_year=st.sampled_from([None, 40_000, 60_000, 100_000]),
)
GROUPS = st.sampled_from(
    [
        all_of(*CREDENTIALS[:2]),
        all_of(*CREDENTIALS[:3], needed=2),
        all_of(*CREDENTIALS[1:], needed=1),
        Group(
            title="Nested",
            needed=2,
            credential_ids=(CREDENTIALS[0],),
            groups=(all_of(*CREDENTIALS[1:3], needed=1),),
        ),
    ]
)


SOMETHING_TO_EARN = st.sampled_from([(t, c) for t in TEACHERS for c in CREDENTIALS])
SOME_EXPIRY = st.sampled_from([None, None, None, DAYS[3], DAYS[6]])
BASE = ["employ"] * 4 + ["adopt", "adopt_for_stack", "adopt_narrow", "define"] + ["award"] * 8
BASE += ["adopt_capped", "earn_two", "earn_two", "turn", "turn"]
MORE = ["award", "turn", "turn", "employ", "change", "end", "retire", "retire_stack", *BASE[4:8]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A log in which some are employed and awarded and some policies adopted, in any order."""
    world = World()
    more = draw(st.lists(st.sampled_from(MORE), max_size=20))
    for kind in draw(st.permutations(BASE + more)):
        _step(world, kind, draw)
    return world


def _step(world: World, kind: str, draw: st.DrawFn) -> None:
    if kind in {"award", "earn_two", "turn"}:
        _earn(world, kind, draw)
    elif kind in {"employ", "change", "end"}:
        _work(world, kind, draw)
    elif kind in {"define", "retire_stack"}:
        _stack(world, kind, draw)
    else:
        _policy(world, kind, draw)


def _earn(world: World, kind: str, draw: st.DrawFn) -> None:
    if kind == "award":
        person, credential = draw(SOMETHING_TO_EARN)
        world.award(person, credential, draw(DAY), draw(SOME_EXPIRY))
    elif kind == "earn_two":
        person = draw(st.sampled_from(TEACHERS))
        world.award(person, CREDENTIALS[0], draw(DAY))
        world.award(person, CREDENTIALS[1], draw(DAY))
    elif world.awards:
        world.turn(draw(st.sampled_from(sorted(world.awards))))


def _work(world: World, kind: str, draw: st.DrawFn) -> None:
    role = draw(st.sampled_from(ROLES))
    exempt = draw(st.sampled_from([True, False, None]))
    if kind == "employ":
        world.employ(
            draw(st.sampled_from(TEACHERS)),
            draw(SOME_DISTRICT),
            first_day=draw(st.sampled_from([DAYS[0], *DAYS[:4]])),
            last_day=draw(MAYBE_DAY),
            role=role,
            exempt=exempt,
        )
    elif world.jobs:
        job = draw(st.sampled_from(sorted(world.jobs)))
        if kind == "change":
            world.change(job, role, draw(DAY), exempt=exempt)
        else:
            world.end(job, draw(MAYBE_DAY))


def _policy(world: World, kind: str, draw: st.DrawFn) -> None:
    cents = draw(st.sampled_from([0, 40_000, 60_000, 100_000]))
    match kind:
        case "adopt":
            world.adopt(draw(st.sampled_from(POLICIES)), draw(SOME_DISTRICT), draw(TERMS))
        case "adopt_capped":
            world.adopt(POLICIES[0], DISTRICTS[0], terms(person_cap_cents_per_year=cents))
        case "adopt_for_stack":
            one = draw(TERMS).model_copy(update={"trigger": StackTrigger(stack_id=STACKS[0])})
            world.adopt(POLICIES[1], DISTRICTS[0], one)
        case "adopt_narrow":
            world.adopt(POLICIES[2], DISTRICTS[0], terms(budget_cents_per_year=cents))
        case "retire" if world.districts_of:
            world.retire(draw(st.sampled_from(sorted(world.districts_of))), draw(DAY))


def _stack(world: World, kind: str, draw: st.DrawFn) -> None:
    stack = draw(st.sampled_from([STACKS[0], *STACKS]))
    if kind == "define":
        capstone = draw(st.sampled_from([None, None, CREDENTIALS[3]]))
        world.define(stack, draw(GROUPS), capstone, draw(DAY))
    elif stack in world.versions:
        world.retire_stack(stack)
