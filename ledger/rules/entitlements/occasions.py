"""What a rule may pay for, found in the facts: one function for each kind of trigger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Literal
from uuid import UUID

from ledger.events.policy_rule import (
    ActivityTrigger,
    AnnualTrigger,
    AwardTrigger,
    CreditTrigger,
    MilestoneTrigger,
    RequestTrigger,
    Rule,
    StackTrigger,
)
from ledger.rules.calendars import add_months
from ledger.rules.employments import Employment
from ledger.rules.entitlements.days import Days, MissingFactError, each_year
from ledger.rules.entitlements.facts import Activity, Dossier, FiscalYear, HeldAward, Request
from ledger.values import stream_id

OccasionKind = Literal["award", "stack", "threshold", "milestone", "year", "request", "activity"]


@dataclass(frozen=True, slots=True)
class Occasion:
    """One thing that a rule may pay for, with the days and facts around it."""

    kind: OccasionKind
    subject_id: UUID
    days: Days
    place: tuple[int, int]  # positions of the event that earned it and of the award behind it
    about: tuple[UUID, ...]  # whatever notes and requests may name when they mean this
    positions: tuple[int, ...] = ()
    stands: bool = True
    ended_on: date | None = None  # when it was revoked
    award: HeldAward | None = None
    activity: Activity | None = None
    request: Request | None = None
    turn: int = 1  # the first, second, … of its kind
    units: Fraction = Fraction(0)
    reached: int | None = None
    missing: str | None = None  # a fact without which it cannot be dated
    year: FiscalYear | None = None  # what has to be verified anew each year

    @property
    def credential_id(self) -> UUID | None:
        return None if self.award is None else self.award.award.credential_id


def days_of(
    dossier: Dossier,
    policy_id: UUID,
    earned: date,
    about: tuple[UUID, ...],
    year: FiscalYear | None = None,
    **known: date | None,
) -> Days:
    """The named days of something: those given, and what notes, requests and jobs say about it.

    What has to be verified anew each year has the notes of its `year` alone.
    """
    named = {name: day for name, day in known.items() if day is not None}
    if documents := dossier.notes_of("document", about, year):
        named["documents"] = max(note.day for note in documents)
    if approvals := dossier.notes_of("approval", about, year):
        named["approved"] = min(note.day for note in approvals)
    if filed := [one for one in dossier.requests if _asks(one, policy_id, about)]:
        named.setdefault("filed", min(one.filed_on for one in filed))
    for first, last in spells(dossier.employments):
        if first <= earned:
            named["hired"] = first
            named.pop("separated", None)
            if last is not None:
                named["separated"] = last
    return Days(earned, dossier.calendar, named)


def _asks(request: Request, policy_id: UUID, about: tuple[UUID, ...]) -> bool:
    return request.policy_id == policy_id and request.subject_id in about


def spells(employments: Iterable[Employment]) -> list[tuple[date, date | None]]:
    """The stretches of days on which some position was held, without the gaps, in order."""
    merged: list[tuple[date, date | None]] = []
    held = [job for job in employments if job.last_day is None or job.last_day >= job.first_day]
    for job in sorted(held, key=lambda job: job.first_day):
        if merged:
            first, last = merged[-1]
            if last is None or job.first_day <= last + timedelta(days=1):
                end = None if last is None or job.last_day is None else max(last, job.last_day)
                merged[-1] = (first, end)
                continue
        merged.append((job.first_day, job.last_day))
    return merged


def award_occasion(held: HeldAward, dossier: Dossier, policy_id: UUID) -> Occasion:
    """An award, as something to be paid for or to count."""
    award = held.award
    about = (award.enrollment_id, award.credential_id)
    published = () if award.published_position is None else (award.published_position,)
    return Occasion(
        kind="award",
        subject_id=award.enrollment_id,
        days=days_of(
            dossier,
            policy_id,
            award.awarded_on,
            about,
            started=held.started_on,
            submitted=held.submitted_on,
        ),
        place=(award.position, award.position),
        about=about,
        positions=(*award.positions, *published),
        stands=award.stands,
        ended_on=held.revoked_on,
        award=held,
    )


def activity_occasion(activity: Activity, dossier: Dossier, policy_id: UUID) -> Occasion:
    """A workshop, a course or other hours, as something to be paid for or to count."""
    about = (activity.activity_id,)
    started, ended = activity.first_day, activity.last_day
    return Occasion(
        kind="activity",
        subject_id=activity.activity_id,
        days=days_of(dossier, policy_id, ended, about, started=started),
        place=(activity.position, activity.position),
        about=about,
        positions=(activity.position,),
        stands=activity.finished,
        activity=activity,
        units=Fraction(activity.hundredths, 100),
    )


def _awards(_: AwardTrigger, dossier: Dossier, policy_id: UUID) -> Iterator[Occasion]:
    for held in dossier.awards:
        yield award_occasion(held, dossier, policy_id)


def _stacks(trigger: StackTrigger, dossier: Dossier, policy_id: UUID) -> Iterator[Occasion]:
    done = dossier.completions.get(trigger.stack_id)
    if done is None:
        return
    about = (trigger.stack_id,)
    awards = [position for award in done.awards for position in award.positions]
    ended = [held.revoked_on for held in dossier.awards if held.award in done.awards]
    yield Occasion(
        kind="stack",
        subject_id=trigger.stack_id,
        days=days_of(dossier, policy_id, done.completed_on, about),
        place=(done.position, done.awards[-1].position),
        about=about,
        positions=(*awards, done.era.from_position),
        stands=done.stands,
        ended_on=max((day for day in ended if day is not None), default=None),
        units=Fraction(len(done.awards)),
    )


def _milestones(trigger: MilestoneTrigger, dossier: Dossier, policy_id: UUID) -> Iterator[Occasion]:
    for anchor, anchored, place, held in _anchors(trigger, dossier):
        for turn, months in enumerate(trigger.after_months, 1):
            day = add_months(anchored, months)
            yield Occasion(
                kind="milestone",
                subject_id=stream_id("milestone", anchor, months),
                days=days_of(dossier, policy_id, day, (anchor,), anchored=anchored),
                place=place,
                about=(anchor,) if held is None else (anchor, held.award.credential_id),
                positions=place[:1],
                stands=held is None or held.award.stands,
                ended_on=None if held is None else held.revoked_on,
                award=held,
                turn=turn,
            )


Anchor = tuple[UUID, date, tuple[int, int], HeldAward | None]


def _anchors(trigger: MilestoneTrigger, dossier: Dossier) -> Iterator[Anchor]:
    """What starts the count: the awards listed, or the first day of the latest spell of work."""
    if trigger.anchor == "award":
        for held in dossier.awards:
            award = held.award
            if trigger.credential_ids is None or award.credential_id in trigger.credential_ids:
                yield award.enrollment_id, award.awarded_on, (award.position,) * 2, held
        return
    for first, _ in spells(dossier.employments)[-1:]:
        job = next(job for job in dossier.employments if job.first_day == first)
        yield job.employment_id, first, (job.positions[0],) * 2, None


def _years(trigger: AnnualTrigger, dossier: Dossier, policy_id: UUID) -> Iterator[Occasion]:
    """One for each fiscal year in the calendar on whose named day the award was held.

    The turn is counted from the award's own day, so years before the calendar count as well.
    """
    for held in dossier.awards:
        award = held.award
        if trigger.credential_ids is not None and award.credential_id not in trigger.credential_ids:
            continue
        if not dossier.calendar.fiscal_years:
            raise MissingFactError("calendar_missing")
        for year in dossier.calendar.fiscal_years:
            day = each_year(trigger.held_on, year)
            anniversaries = day.year - award.awarded_on.year
            early = (day.month, day.day) < (award.awarded_on.month, award.awarded_on.day)
            turn = 1 + anniversaries - early
            if turn < 1 or (trigger.years_max is not None and turn > trigger.years_max):
                continue
            if award.expires_on is not None and award.expires_on <= day:
                continue
            about = (
                award.enrollment_id,
                award.credential_id,
                stream_id("year", award.enrollment_id, year.fiscal_year),
            )
            revoked = held.revoked_on is not None and held.revoked_on <= day
            yield Occasion(
                kind="year",
                subject_id=about[-1],
                days=days_of(dossier, policy_id, day, about, year, anchored=award.awarded_on),
                place=(award.position, award.position),
                about=about,
                positions=award.positions,
                stands=not revoked,
                ended_on=held.revoked_on,
                award=held,
                turn=turn,
                year=year,
            )


def _requests(
    trigger: RequestTrigger | CreditTrigger, dossier: Dossier, policy_id: UUID
) -> Iterator[Occasion]:
    awards = {held.award.enrollment_id: held for held in dossier.awards}
    activities = {one.activity_id: one for one in dossier.activities}
    for request in dossier.requests:
        if request.policy_id != policy_id or trigger.choice not in {None, request.choice}:
            continue
        subject = request.subject_id
        held = awards.get(subject) if subject else None
        activity = activities.get(subject) if subject else None
        about = (request.request_id,) if subject is None else (request.request_id, subject)
        started = activity.first_day if activity else held.started_on if held else None
        yield Occasion(
            kind="request",
            subject_id=request.request_id,
            days=days_of(
                dossier,
                policy_id,
                request.filed_on,
                about,
                filed=request.filed_on,
                started=started,
            ),
            place=(request.position, request.position),
            about=about,
            positions=(request.position,),
            stands=(held is None or held.award.stands) and (activity is None or activity.finished),
            ended_on=None if held is None else held.revoked_on,
            award=held,
            activity=activity,
            request=request,
            units=Fraction(activity.hundredths, 100) if activity else Fraction(0),
        )


def _activities(trigger: ActivityTrigger, dossier: Dossier, policy_id: UUID) -> Iterator[Occasion]:
    for activity in dossier.activities:
        if activity.kind in trigger.activities and not activity.opening:
            yield activity_occasion(activity, dossier, policy_id)


_FINDERS: Mapping[str, Callable[[Any, Dossier, UUID], Iterator[Occasion]]] = {
    "award": _awards,
    "stack": _stacks,
    "employment_milestone": _milestones,
    "annual_recertification": _years,
    "request_filed": _requests,
    "credit_requested": _requests,
    "activity": _activities,
}


def occasions(rule: Rule, dossier: Dossier, policy_id: UUID) -> list[Occasion]:
    """Everything the rule's trigger finds, thresholds of units aside, in order of place."""
    found = _FINDERS[rule.trigger.kind](rule.trigger, dossier, policy_id)
    return sorted(found, key=lambda one: (one.place, one.days.earned, one.turn))
