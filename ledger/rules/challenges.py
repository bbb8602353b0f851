"""What counts in a challenge, what a team's score is, and who comes first: pure functions.

Points of a submission are the sum of the points of its rubric's levels. A score is told, compared
and tied in hundredths of a point, so that no tie is decided by what nobody can read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from math import floor
from uuid import UUID
from zoneinfo import ZoneInfo

from ledger.errors import InvalidError
from ledger.events.challenge import Deadline, ScoreRule, TieRule
from ledger.events.policy_conditions import AskedRule, EligibilityRule, EmployedRule
from ledger.events.policy_money import Component, CostBasis
from ledger.events.policy_rule import RequestTrigger, Rule
from ledger.rules.payroll import apportion

ONCE = AskedRule()  # so what is filed twice about a challenge is paid once
EMPLOYED: frozenset[EligibilityRule] = frozenset({EmployedRule(), EmployedRule(on="filed")})
HALF = Fraction(1, 2)
MINUTE = timedelta(minutes=1)


class DeadlineMissingError(InvalidError):
    """No clock of the zone shows the deadline: it lies in an hour that is left out."""

    slug = "deadline-not-on-clock"


@dataclass(frozen=True, slots=True)
class Submission:
    """One attempt of a member as it stands; points are null until it is scored."""

    person_id: UUID
    credential_id: UUID
    submitted_at: datetime
    points: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a team stands. The rank is null until it has a score."""

    team: int
    rank: int | None
    score_hundredths: int
    submissions: int  # that count
    unscored: int  # of these, so that the score is not final
    last_submitted_at: datetime | None


def closes_at(deadline: Deadline) -> datetime:
    """The first instant that is too late: the end of the minute, as the zone's clocks show it.

    Where they show it twice, the second time counts. Raises DeadlineMissingError where they
    never do.
    """
    zone = ZoneInfo(deadline.zone)
    local = datetime.combine(deadline.day, time.fromisoformat(deadline.time), zone)
    instant = local.replace(fold=1).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise DeadlineMissingError(
            f"in {deadline.zone} there is no {deadline.time} on {deadline.day}"
        )
    return instant + MINUTE


def counts(submitted_at: datetime, closing_at: datetime) -> bool:
    """Whether it was handed in in time. Two instants: where the teacher was is of no account."""
    return submitted_at < closing_at


def _sum(submissions: Sequence[Submission]) -> Fraction:
    return Fraction(sum(_points(one) for one in submissions))


def _mean(submissions: Sequence[Submission]) -> Fraction:
    return _sum(submissions) / len(submissions)


def _best_of_each(submissions: Sequence[Submission]) -> Fraction:
    best: dict[UUID, int] = {}
    for one in submissions:
        best[one.credential_id] = max(best.get(one.credential_id, 0), _points(one))
    return Fraction(sum(best.values()))


def _points(one: Submission) -> int:
    return one.points or 0


SCORES: Mapping[ScoreRule, Callable[[Sequence[Submission]], Fraction]] = {
    "sum": _sum,
    "mean": _mean,
    "best_of_each_credential": _best_of_each,
}


def score_hundredths(rule: ScoreRule, submissions: Sequence[Submission]) -> int:
    """A team's score, rounded half up; what is not scored yet is left out, nothing is 0."""
    scored = [one for one in submissions if one.points is not None]
    return floor(SCORES[rule](scored) * 100 + HALF) if scored else 0


def _earlier_last(standing: Standing) -> tuple[datetime, int]:
    last = standing.last_submitted_at
    assert last is not None, "who has a rank has handed in"
    return last, standing.team


# Of teams with one score: what they are put in order by, the number of the team last of all.
TIES: Mapping[TieRule, Callable[[Standing], tuple[datetime, int]]] = {
    "earlier_last_submission": _earlier_last
}


def standings(
    rule: ScoreRule, tie_rule: TieRule, teams: Mapping[int, Iterable[Submission]]
) -> list[Standing]:
    """The teams in their order, those without a score last; submissions are those that count."""
    unranked = [_standing(rule, team, list(handed_in)) for team, handed_in in teams.items()]
    scored = [one for one in unranked if one.submissions > one.unscored]
    rest = sorted((one for one in unranked if one not in scored), key=lambda one: one.team)
    tie = TIES[tie_rule]
    scored.sort(key=lambda one: (-one.score_hundredths, *tie(one)))
    return [replace(one, rank=rank) for rank, one in enumerate(scored, 1)] + rest


def _standing(rule: ScoreRule, team: int, handed_in: Sequence[Submission]) -> Standing:
    return Standing(
        team=team,
        rank=None,
        score_hundredths=score_hundredths(rule, handed_in),
        submissions=len(handed_in),
        unscored=sum(one.points is None for one in handed_in),
        last_submitted_at=max((one.submitted_at for one in handed_in), default=None),
    )


def shares(amount_cents: int, members: Sequence[UUID]) -> list[tuple[UUID, int]]:
    """A prize in equal shares, to the cent: what does not divide goes to who joined first."""
    return list(zip(members, apportion(amount_cents, [1] * len(members)), strict=True))


def prize_misfit(rule: Rule, fund: str, day: date) -> str | None:
    """What keeps a policy from paying shares of a prize whole, and each winner once; else null.

    Once for each challenge: a policy may pay the prizes of several.

    Args:
        rule: The policy's.
        fund: That the prize is paid from.
        day: On which shares are filed, or the first on which they may be.
    """
    whole = (Component(name=part.name, basis=CostBasis()) == part for part in rule.amount)
    timing = rule.timing
    wanted = {
        "trigger: request_filed, of any choice": rule.trigger == RequestTrigger(),
        "benefit: one_time": rule.benefit == "one_time",
        "amount: one part, all of the cost": len(rule.amount) == 1 and all(whole),
        "caps: none": not rule.caps,
        "exclusions: asked_once, and no other": rule.exclusions == (ONCE,),
        f"account: fund {fund!r} alone": rule.account.fund == fund
        and not (rule.account.shares or rule.account.at_schools),
        f"effective_from, effective_to: a span with {day}": rule.effective_from <= day
        and (rule.effective_to is None or day <= rule.effective_to),
        "eligibility: employed when it is filed, at most": set(rule.eligibility) <= EMPLOYED,
        "windows, preconditions: none": not (rule.windows or rule.preconditions),
        "pool: none": rule.pool is None,
        "timing: after it is filed, at once and not again": timing.after in {"earned", "filed"}
        and timing.instalments is None
        and not timing.recurs,
    }
    return next((said for said, met in wanted.items() if not met), None)
