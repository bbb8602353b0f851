"""What counts in one cycle: each achievement in the order in which it was earned, with its reason.

The reasons why something counts for nothing, or for less, are codes: revoked, withdrawn, expired,
under_review, outside_validity, duplicate, exchanged, same_competency, declined, cap_reached, a
ruling's own, and those of a conversion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from uuid import UUID

from ledger.events.equivalency import MICRO_CREDENTIAL, Cap
from ledger.rules.equivalencies import (
    HUNDREDTHS,
    NOTHING,
    Achievement,
    Rule,
    Worth,
    decimal,
    spoken,
    spoken_of,
    worth,
)
from ledger.rules.licenses import License, Ruling, Term
from ledger.rules.pairs import Exchange, left_out
from ledger.rules.uploads import upload_after

LocalOn = Callable[[date], Rule | None]
Equal = Sequence[frozenset[UUID]]  # micro-credentials that show one competency, in each group


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What one achievement brings in one cycle, and how that was worked out."""

    achievement_id: str
    kind: str
    quantity_hundredths: int  # of its own kind
    earned_on: date
    category: str | None
    units_hundredths: int  # such that the parts add up to the sum, whatever the fractions
    exact: Fraction
    reason: str | None  # null: it counts in full
    arithmetic: str
    rule_id: str | None
    rule_version: int | None
    other_id: str | None  # the other of a pair of which one alone counts
    position: int
    upload_from: date | None = None  # when the district hands it in; null: at any time, or never
    upload_to: date | None = None

    @property
    def own_hundredths(self) -> int:
        """What it is in its own kind, where that can count at all."""
        return 0 if self.reason in NEVER_COUNTS else self.quantity_hundredths


NEVER_COUNTS = frozenset(
    {
        "revoked",
        "withdrawn",
        "under_review",
        "expired",
        "outside_validity",
        "duplicate",
        "same_competency",
        "exchanged",
        "declined",
    }
)
# Where a ruling may set the number: the rules give something, or leave it to the district.
RULABLE = frozenset({None, "left_to_district", "more_than_counts"})


def count(
    achievements: Sequence[Achievement],
    *,
    license_: License,
    term: Term,
    day: date,
    state: Rule,
    local_on: LocalOn,
    caps: Sequence[Cap],
    counted_before: AbstractSet[str] = frozenset(),
    equal: Equal = (),
) -> tuple[Unit, ...]:
    """Every achievement of hers up to a day, in order, with what it brings in this cycle.

    `counted_before` is what has counted in earlier cycles: of a pair the other then counts no more.
    `equal` are micro-credentials of one competency, which count once where the state says so.
    """
    traits = license_.facts_on(min(day, term.valid_to or day)).traits
    judge = _Judge(license_, term, day, state, local_on, traits)
    units = [
        judge.unit(one) for one in achievements if one.earned_on <= day and _knows(license_, one)
    ]
    units = list(_once(achievements, _of_pairs(achievements, units, counted_before)))
    if state.terms.once_per_competency and equal:
        units = list(_once_each(achievements, units, equal))
    for cap in caps:
        units = list(_capped(units, cap, state.terms.year_starts_month))
    return tuple(_handed_in(one, state) for one in _in_hundredths(units))


def unruled(license_: License, achievements: Sequence[Achievement], day: date) -> Iterator[Unit]:
    """What she earned up to a day where no authority has said what anything is worth."""
    for one in achievements:
        if one.earned_on <= day and _knows(license_, one):
            yield Unit(
                achievement_id=str(one.id),
                kind=one.kind,
                quantity_hundredths=one.quantity_hundredths,
                earned_on=one.earned_on,
                category=one.category,
                units_hundredths=0,
                exact=NOTHING,
                reason="no_equivalency_rule",
                arithmetic=spoken_of(one),
                rule_id=None,
                rule_version=None,
                other_id=None,
                position=one.position,
            )


def _knows(license_: License, one: Achievement) -> bool:
    """Whether it is hers here: what one district accepted from elsewhere binds no other."""
    return one.accepted_by is None or one.accepted_by == license_.district_id


@dataclass(frozen=True, slots=True)
class _Judge:
    license: License
    term: Term
    day: date
    state: Rule
    local_on: LocalOn
    traits: tuple[str, ...]

    def unit(self, one: Achievement) -> Unit:
        """What it brings by itself, before it is held against the others."""
        reason = self._out_of_question(one)
        ruling = self.license.rulings.get(one.id)
        found = worth(one, self.state, self.local_on(one.earned_on), self.traits)
        if ruling is not None and reason is None and ruling.district_id == self.license.district_id:
            found = _ruled(found, ruling)
            reason = "declined" if ruling.outcome == "declined" else None
        return Unit(
            achievement_id=str(one.id),
            kind=one.kind,
            quantity_hundredths=one.quantity_hundredths,
            earned_on=one.earned_on,
            category=found.category,
            units_hundredths=0,
            exact=found.units if reason is None else NOTHING,
            reason=reason or found.reason,
            arithmetic=f"{found.arithmetic}; {one.said}" if one.said else found.arithmetic,
            rule_id=str(found.rule.rule_id),
            rule_version=found.rule.rule_version,
            other_id=None,
            position=one.position,
        )

    def _out_of_question(self, one: Achievement) -> str | None:
        last = self.term.valid_to
        if one.void_from is not None and one.void_from <= self.day:
            return one.void_reason or "revoked"
        if one.declined:
            return "declined"
        if one.earned_on < self.term.valid_from or (last is not None and one.earned_on > last):
            return "outside_validity"
        if one.expires_on is not None and one.expires_on <= min(self.day, last or self.day):
            return "expired"
        return None


def _ruled(found: Worth, ruling: Ruling) -> Worth:
    """What a ruling makes of it. A district gives no units where the state leaves it nothing."""
    category = ruling.category or found.category
    if ruling.outcome == "declined":
        said = f"{found.arithmetic}; the district declined it: {ruling.reason}"
        return replace(found, arithmetic=said)
    if ruling.units_hundredths is None or found.reason not in RULABLE:
        return replace(found, category=category)
    given = Fraction(ruling.units_hundredths, HUNDREDTHS)
    said = f"{found.arithmetic}; the district accepted it at {spoken(given)}: {ruling.reason}"
    reason = None if given else "not_accepted"
    return replace(found, units=given, reason=reason, arithmetic=said, category=category)


def _of_pairs(
    achievements: Sequence[Achievement], units: Sequence[Unit], counted_before: AbstractSet[str]
) -> list[Unit]:
    """Of an award and the course it was exchanged for one counts; either names the other."""
    exchanges = [
        Exchange(one.exchanged_for, one.id) for one in achievements if one.exchanged_for is not None
    ]
    if not exchanges:
        return list(units)
    out: dict[str, str] = {}
    for award, course in (map(str, exchange) for exchange in exchanges):
        out |= {course: award} if award in counted_before else {}
        out |= {award: course} if course in counted_before else {}
    worth = {UUID(u.achievement_id): u.exact for u in units if u.achievement_id not in out}
    now = {str(lost): str(kept) for lost, kept in left_out(exchanges, worth).items()}
    others = {kept: lost for lost, kept in now.items()}
    out |= now
    return [
        _instead(unit, "exchanged", out[unit.achievement_id])
        if unit.achievement_id in out and unit.exact
        else replace(unit, other_id=others.get(unit.achievement_id))
        for unit in units
    ]


def _instead(unit: Unit, reason: str, other_id: str) -> Unit:
    """Nothing, for the other one counts."""
    said = f"{unit.arithmetic}; {other_id} counts instead"
    return replace(unit, exact=NOTHING, reason=reason, other_id=other_id, arithmetic=said)


def _once(achievements: Sequence[Achievement], units: Sequence[Unit]) -> Iterator[Unit]:
    """The same micro-credential, or the same course, counts once in a cycle."""
    known: Mapping[str, UUID | str | None] = {
        str(one.id): one.credential_id if one.kind == MICRO_CREDENTIAL else one.course
        for one in achievements
    }
    first: dict[UUID | str, Unit] = {}
    for unit in units:
        what = known[unit.achievement_id]
        if what is None or unit.reason in NEVER_COUNTS:
            yield unit
        elif what in first:
            yield _instead(unit, "duplicate", first[what].achievement_id)
        else:
            first[what] = unit
            yield unit


def _once_each(
    achievements: Sequence[Achievement], units: Sequence[Unit], equal: Equal
) -> Iterator[Unit]:
    """Of micro-credentials for one competency the first that is worth something counts."""
    known = {str(one.id): one.credential_id for one in achievements}
    counted: list[tuple[UUID, str]] = []
    for unit in units:
        credential_id = known.get(unit.achievement_id)
        if credential_id is None or not unit.exact:
            yield unit
            continue
        same = [group for group in equal if credential_id in group]
        first = next((id_ for one, id_ in counted if any(one in group for group in same)), None)
        if first is None:
            counted.append((credential_id, unit.achievement_id))
            yield unit
        else:
            yield _instead(unit, "same_competency", first)


def _handed_in(unit: Unit, state: Rule) -> Unit:
    """The unit with the window in which its district hands it in, where there are such."""
    windows = state.terms.upload_windows
    span = upload_after(windows, unit.earned_on) if windows and unit.exact else None
    if span is None:
        return unit
    return replace(unit, upload_from=span.first_day, upload_to=span.last_day)


def _capped(units: Sequence[Unit], cap: Cap, year_starts_month: int) -> Iterator[Unit]:
    """No more of these than the cap lets through; what comes first counts first."""
    used: dict[tuple[int, str | None], Fraction] = {}
    most = Fraction(cap.limit_hundredths, HUNDREDTHS)
    for unit in units:
        if not unit.exact or not _falls_under(cap, unit):
            yield unit
            continue
        part = _part(unit.earned_on, cap, year_starts_month)
        key = (part, unit.category if cap.each_category else None)
        taken = min(unit.exact, most - used.get(key, NOTHING))
        used[key] = used.get(key, NOTHING) + taken
        yield (
            unit
            if taken == unit.exact
            else replace(
                unit,
                exact=taken,
                reason="cap_reached",
                arithmetic=f"{unit.arithmetic}; of these {spoken(taken)} within"
                f" {cap.cap} ({decimal(cap.limit_hundredths)})",
            )
        )


def _falls_under(cap: Cap, unit: Unit) -> bool:
    return (cap.kinds is None or unit.kind in cap.kinds) and (
        cap.categories is None or unit.category in cap.categories
    )


def _part(day: date, cap: Cap, year_starts_month: int) -> int:
    """Which part of the years a day lies in, counted in spans of `per_months`."""
    if cap.per_months is None:
        return 0
    return (day.year * 12 + day.month - year_starts_month) // cap.per_months


def _in_hundredths(units: Sequence[Unit]) -> Iterator[Unit]:
    """Each unit in hundredths, so that they add up to the exact sum, rounded down once."""
    total, shown = NOTHING, 0
    for unit in units:
        total += unit.exact
        rounded = int(total * HUNDREDTHS)
        yield replace(unit, units_hundredths=rounded - shown)
        shown = rounded
