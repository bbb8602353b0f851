"""Compares what a source now says of a position with what the log holds, and records the change.

A position is held in spans: who leaves and comes back begins another. A source that moves the
first day on (many do so each school year) ends what was before; what it said of earlier days
stays. A source that moves it back is corrected: the span that began too late was never held.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from ledger.aggregates import employment as employments
from ledger.aggregates.base import Act
from ledger.aggregates.employment import Employment, Terms
from ledger.commands.employment import employment_stream
from ledger.events import AnyEmploymentEvent
from ledger.identities import Position

ONE_DAY = timedelta(days=1)
Events = list[AnyEmploymentEvent]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a source says of a position. What it leaves open stays as it was known before."""

    first_day: date | None
    last_day: date | None
    terms: Terms


@dataclass(frozen=True, slots=True)
class Holding:
    """One position, one person, and the spans recorded so far."""

    district_id: UUID
    zone: str
    person_id: UUID
    position_hmac: bytes
    spans: tuple[Employment, ...] = ()

    def position(self, first_day: date) -> Position:
        return Position(self.position_hmac, self.person_id, first_day)

    def active_on(self, day: date) -> bool:
        """Whether it is held on that day, or will be later."""
        return any(span.held_from(day) for span in self.spans)

    def after(self, events: Iterable[AnyEmploymentEvent]) -> Holding:
        """The holding once these events have happened."""
        spans = {span.id: span for span in self.spans}
        for event in events:
            stream = event.originator_id
            spans[stream] = Employment.evolve(spans.get(stream), event)
        return replace(self, spans=tuple(spans.values()))


def reconcile(act: Act, holding: Holding, claim: Claim, *, today: date) -> Events:
    """The events that make the log say what the source says; none when it does already."""
    first_day = _first_day(holding, claim, today)
    stream = employment_stream(holding.district_id, holding.position(first_day))
    current = next((span for span in holding.spans if span.id == stream), None)
    others = [span for span in holding.spans if span is not current]
    overlapping = [span for span in others if span.overlaps(first_day, claim.last_day)]
    later = [
        span for span in others if claim.last_day is not None and span.first_day > claim.last_day
    ]
    events: Events = []
    for span in overlapping:
        events += _give_way(act, span, first_day)
    events += end_absent(act, replace(holding, spans=tuple(later)), today=today)
    if current is None:
        replaced = [span for span in overlapping if span.first_day > first_day]
        started = _start(act, holding, claim, first_day, replaced)
        events += started
        current = Employment.fold(None, started)
        assert current is not None, "what has started is there"
    return events + _adjust(act, current, claim, today)


def end_absent(act: Act, holding: Holding, *, today: date, last_day: date | None = None) -> Events:
    """The events for a position that the source names no more: it was over by yesterday.

    `last_day` is the day the source gives for that, where it gives one.
    """
    over = today - ONE_DAY if last_day is None else last_day
    events: Events = []
    for span in holding.spans:
        if span.held_from(over + ONE_DAY):
            events += span.end(act, last_day=max(over, span.first_day - ONE_DAY))
    return events


def _first_day(holding: Holding, claim: Claim, today: date) -> date:
    """The day the source names; or of the span it must mean; or the day we hear of it."""
    if claim.first_day is not None:
        return claim.first_day
    last_day = claim.last_day
    begun = [span for span in holding.spans if last_day is None or span.first_day <= last_day]
    if last_day is not None and last_day < today:
        meant = [span for span in begun if not span.never_held] or list(holding.spans)
        return max((span.first_day for span in meant), default=last_day)
    held = [span.first_day for span in begun if span.held_from(today)]
    return max(held, default=today)


def _give_way(act: Act, span: Employment, first_day: date) -> Sequence[AnyEmploymentEvent]:
    """End a span before the one that the source now names; one that begins later was an error."""
    if span.first_day < first_day:
        return span.end(act, last_day=first_day - ONE_DAY)
    return span.void(act)


def _start(
    act: Act, holding: Holding, claim: Claim, first_day: date, replaced: Sequence[Employment]
) -> Events:
    """Begin a span, on the dated terms that the spans it replaces were known to have."""
    stream = employment_stream(holding.district_id, holding.position(first_day))
    later = sorted((dated for span in replaced for dated in span.dated_terms), key=_by_day)
    before = [
        dated
        for span in holding.spans
        for dated in span.dated_terms
        if not span.never_held and dated[0] <= first_day
    ]
    known = max(before, key=_by_day)[1] if before else None
    first_terms = later[0][1] if later else _merged(claim.terms, known)
    events: Events = [
        *employments.start(
            stream,
            act,
            person_id=holding.person_id,
            district_id=holding.district_id,
            zone=holding.zone,
            terms=first_terms,
            first_day=first_day,
            last_day=claim.last_day,
        )
    ]
    for day, terms in later[1:]:
        span = Employment.fold(None, events)
        if span is not None and span.held_on(day) and terms != span.terms_on(day):
            events += span.change(act, terms=terms, effective_on=day)
    return events


def _adjust(act: Act, span: Employment, claim: Claim, today: date) -> Events:
    """Bring last day and terms of the span up to what the source says."""
    events: Events = []
    last_day = claim.last_day and max(claim.last_day, span.first_day - ONE_DAY)
    if last_day != span.last_day:
        events += span.end(act, last_day=last_day) if last_day else span.reopen(act)
    adjusted = Employment.fold(span, events)
    assert adjusted is not None, "folding forgets nothing"
    day = max(today, span.first_day)
    terms = _merged(claim.terms, adjusted.terms_on(day))
    if adjusted.held_on(day) and terms != adjusted.terms_on(day):
        events += adjusted.change(act, terms=terms, effective_on=day)
    return events


def _by_day(dated: tuple[date, Terms]) -> date:
    return dated[0]


def _merged(said: Terms, known: Terms | None) -> Terms:
    """What the source says, and where it says nothing what was known."""
    if known is None:
        return said
    fte = known.fte_thousandths if said.fte_thousandths is None else said.fte_thousandths
    exempt = known.exempt if said.exempt is None else said.exempt
    return replace(said, fte_thousandths=fte, exempt=exempt)
