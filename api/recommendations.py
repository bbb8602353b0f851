"""What somebody could earn next, each with the reason: it finishes a stack, or a district pays it.

Nothing here is new: it follows from her stacks, from the policies of the districts that employ her
and from the quote of each micro-credential in question. It binds nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from api.edge import Edge
from api.quotes import imagined, offers
from api.transcripts import LINES_MAX, lines_as_of
from ledger.events.notification import NotificationKind
from ledger.rules.notices import OF_HR
from ledger.rules.stacks import Missing
from ledger.store import EVERYTHING
from ledger.values import POSITION_MAX
from projections import catalog, employments, known, quotes, stacks, transcript
from projections.payouts import PolicyVersion
from projections.quotes import PolicyQuote
from projections.stacks import TitledLine as StackLine
from projections.transcript import TitledLine

VIEWS = ("stacks", "catalog", "transcript", "history", "employments", "payouts", "batches")
FEW = 3  # so many micro-credentials at most are said to finish a stack
CANDIDATES_MAX = 20  # are quoted for one answer, those under way first
DONE = ("awarded", "withdrawn", "revoked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A micro-credential, and what it is called."""

    credential_id: UUID
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One thing to earn and why. What does not belong to its kind is null."""

    kind: NotificationKind
    reason: str  # a sentence
    credentials: list[Choice]  # of a stack: those of which `remaining` finish it
    stack_id: UUID | None = None
    remaining: int | None = None
    district_id: UUID | None = None
    policy_id: UUID | None = None
    policy_version: int | None = None
    board_reference: str | None = None
    amount_cents: int | None = None  # more than she is owed already
    last_day: date | None = None  # on which it can be earned; null: the policy names none
    status: Literal["due", "pending"] | None = None
    not_met: list[str] | None = None  # the reasons why it would still wait
    pool_left_cents: int | None = None  # of a budget; as of an earlier position nobody counts it


@dataclass(frozen=True, slots=True)
class Asked:
    """About whom, when it is asked, and as of when."""

    person_id: UUID
    at: datetime
    day: date
    as_of: int
    shown_to: int  # the position that the views have come to, or that of `as_of`


def recommendations(edge: Edge, asked: Asked) -> list[Recommendation]:
    """Everything there is to recommend: stacks that few things finish, then what pays, best first.

    Args:
        edge: Whose views have come far enough.
        asked: About whom and as of when.
    """
    person_id, as_of = asked.person_id, asked.as_of
    with edge.reading([EVERYTHING]) as connection, known.catalog(connection, as_of):
        lines = _lines(connection, asked)
        with known.stacks_of_person(connection, person_id, as_of):
            begun = stacks.of_person(connection, person_id, effective_on=asked.day)
        few = [one for one in begun if not one.retired and 0 < one.remaining <= FEW]
        of_stacks = [found for one in few if (found := _finishes(connection, one)) is not None]
        with known.employments_of_person(connection, person_id, as_of):
            held = employments.of_person(connection, person_id)
        wanted = [one.credential_id for one in lines if one.status not in DONE]
        wanted += [one.credential_id for found in of_stacks for one in found.credentials]
        done = {one.credential_id for one in lines if one.holds(asked.day)}
        paid = [
            found
            for district_id in sorted(
                {one.district_id for one in held if one.segment_on(asked.day)}
            )
            for found in _paid(edge, connection, asked, district_id, (lines, wanted, done))
        ]
    return [*of_stacks, *sorted(paid, key=lambda one: (-(one.amount_cents or 0), one.reason))]


def _lines(connection: Connection[Any], asked: Asked) -> list[TitledLine]:
    if asked.as_of >= POSITION_MAX:
        return transcript.of_person(connection, asked.person_id, after=0, limit=LINES_MAX)
    return lines_as_of(connection, [asked.person_id], asked.as_of)


def _finishes(connection: Connection[Any], line: StackLine) -> Recommendation | None:
    """A stack that can be finished: what is missing of it can still be earned."""
    missing = _missing(line)
    found = {one.credential_id: one for one in catalog.find_credentials(connection, missing)}
    choices = [
        Choice(credential_id=one, title=found[one].title)
        for one in missing
        if one in found and found[one].takes_enrollments
    ]
    if len(choices) < line.remaining:
        return None
    one = line.remaining == 1
    finish = f"{line.remaining} micro-credential{'' if one else 's'} finish{'es' if one else ''}"
    return Recommendation(
        kind="finishes_stack",
        reason=f"{finish} your stack {line.title}",
        credentials=choices,
        stack_id=line.stack_id,
        remaining=line.remaining,
    )


def _missing(line: StackLine) -> list[UUID]:
    """Every micro-credential that brings her nearer to the end of a stack, each once."""
    found: list[UUID] = []

    def look(group: Mapping[str, Any]) -> None:
        found.extend(UUID(str(one)) for one in group["credential_ids"])
        for one in group["groups"]:
            look(one)

    if isinstance(line.missing, Missing):
        look(asdict(line.missing))
    elif line.missing is not None:
        look(line.missing)
    if line.capstone_missing is not None:
        found.append(line.capstone_missing)
    return list(dict.fromkeys(found))


def _paid(
    edge: Edge,
    connection: Connection[Any],
    asked: Asked,
    district_id: UUID,
    record: tuple[Sequence[TitledLine], Sequence[UUID], Collection[UUID]],
) -> Iterator[Recommendation]:
    """What a district would pay for: of what she has begun, her stacks lack, or policies name."""
    lines, wanted, done = record
    adopted = known.policies_known(connection, district_id, asked.as_of)
    in_force = {
        (one.policy_id, one.policy_version): one for one in adopted if one.holds_on(asked.day)
    }
    named = [
        UUID(one)
        for policy in in_force.values()
        for one in policy.terms["trigger"].get("credential_ids") or ()
    ]
    candidates = [one for one in dict.fromkeys([*wanted, *named]) if one not in done]
    offered = offers(edge, connection, candidates[:CANDIDATES_MAX])
    can_earn = [
        offered[one]
        for one in candidates
        if one in offered and offered[one].credential.takes_enrollments
    ]
    awards = [
        imagined(one, lines, asked.person_id, awarded_on=asked.day, at=asked.at) for one in can_earn
    ]
    ids = {one.policy_id for one in adopted}
    with known.payouts_of_person(connection, district_id, asked.person_id, ids, asked.as_of):
        quoted_each = quotes.quote_each(connection, awards, asked.shown_to + 1)
        for offer, found in zip(can_earn, quoted_each, strict=True):
            one = offer.credential
            choice = Choice(credential_id=one.credential_id, title=one.title)
            for quoted in found:
                policy = in_force.get((quoted.policy_id, quoted.policy_version))
                if policy is not None:
                    yield from pays(quoted, policy, choice, asked)


def pays(
    quoted: PolicyQuote, policy: PolicyVersion, choice: Choice, asked: Asked
) -> Iterator[Recommendation]:
    """What one policy would pay for one award, where that is anything."""
    would = [
        one
        for one in quoted.payouts
        if one.status in {"due", "pending"} and one.reason != "budget_exhausted"
    ]
    cents = sum(one.amount_cents - (one.before_cents or 0) for one in would)
    if cents <= 0:
        return
    ends = [policy.terms.get("effective_to"), policy.last_day]
    last_day = min((date.fromisoformat(str(one)) for one in ends if one), default=None)
    pays = "raises your base pay by" if quoted.benefit in OF_HR else "pays"
    until = "" if last_day is None else f" when it is earned by {last_day}"
    left = [one.pool.left_cents for one in would if one.pool is not None]
    yield Recommendation(
        kind="pays",
        reason=f"{choice.title} {pays} {dollars(cents)} in your district{until}",
        credentials=[choice],
        district_id=quoted.district_id,
        policy_id=quoted.policy_id,
        policy_version=quoted.policy_version,
        board_reference=quoted.board_reference,
        amount_cents=cents,
        last_day=last_day,
        status="due" if all(one.status == "due" for one in would) else "pending",
        not_met=sorted({reason for one in would for reason in one.not_met}),
        pool_left_cents=min(left) if left and asked.as_of >= POSITION_MAX else None,
    )


def dollars(cents: int) -> str:
    """An amount as people write it: $400, or $46.15 where there are cents."""
    whole, part = divmod(cents, 100)
    return f"${whole:,}" + (f".{part:02d}" if part else "")
