"""How far licenses are, put together for an answer: what happened, what is seen of it, what it is.

With an earlier position everything is folded anew from the person's events up to it, by the same
folds; the rules are those that were adopted by then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from itertools import islice
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from api.access import Sight
from ledger.events.enrollment import Awarded
from ledger.rules.counting import Unit
from ledger.rules.equivalencies import Achievement, Rule
from ledger.rules.licenses import License
from ledger.rules.needs import OptionLine
from ledger.rules.renewals import CategoryLine, Classes, Progress, RuleName, in_cycle, progress
from ledger.values import POSITION_MAX
from projections import history, renewals, transcript
from projections.renewal_approvals import Approval, approvals_known
from projections.renewal_rules import classes_known, rules_known
from projections.renewals import Award, Credit, Held


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedUnit:
    """What one award or credit brings in a cycle; quantities are hundredths."""

    achievement_id: str
    kind: str
    quantity_hundredths: int
    earned_on: date
    category: str | None
    units_hundredths: int
    reason: str | None
    arithmetic: str
    rule_id: str | None
    rule_version: int | None
    other_id: str | None
    position: int
    upload_from: date | None = None  # when its district hands it in to the authority
    upload_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalLine:
    """One license in one cycle, for one purpose; quantities are hundredths of `unit`."""

    license_id: str
    person_id: str
    jurisdiction: str
    license_type: str
    purpose: str | None
    cycle: int
    valid_from: date
    valid_to: date | None
    state: str
    may_renew: bool
    unit: str | None
    needed_hundredths: int
    earned_hundredths: int
    missing_hundredths: int
    option: str | None
    options: list[OptionLine]
    categories: list[CategoryLine]
    window_from: date | None
    window_to: date | None
    approver: str | None
    rule: RuleName | None
    upload_from: date | None  # the window of upload that is open on the day, or the next
    upload_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLine:
    """A line, and every award and credit that was looked at for it."""

    line: RenewalLine
    units: list[CountedUnit]


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseUnits:
    """What one award or credit brings one license, in its newest cycle."""

    license_id: str
    jurisdiction: str
    license_type: str
    purpose: str | None
    cycle: int
    unit: str | None
    rule: str | None  # that speaks of it: its jurisdiction, and how its authority calls it
    counted: CountedUnit


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What authorities have said by a position: their rules, and which competencies are one."""

    rules: Sequence[Rule]
    classes: Classes


def rulebook(
    connection: Connection[Any], until: int, *, jurisdiction: str | None = None
) -> Rulebook:
    """All that licenses were measured by at a position; POSITION_MAX means now."""
    rules = rules_known(connection, until=until, jurisdiction=jurisdiction)
    asked = any(rule.terms.once_per_competency for rule in rules)
    return Rulebook(rules, classes_known(connection, until=until) if asked else {})


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one person."""

    licenses: Sequence[Held]
    credits: Sequence[Credit]
    awards: Sequence[Award]
    approvals: Sequence[Approval] = ()

    def achievements(self, sight: Sight) -> list[Achievement]:
        """What of it a caller may see, as achievements."""
        approved = [one for one in self.approvals if sight.of_districts({one.district_id})]
        awarded = [one.achievement(approved) for one in self.awards if sight.of_day(one.awarded_on)]
        recorded = [
            one.achievement for one in self.credits if sight.of_districts({one.district_id})
        ]
        return [*awarded, *recorded]


def records(
    connection: Connection[Any], person_ids: Collection[UUID], until: int
) -> dict[UUID, Record]:
    """What was known of some persons at a position; POSITION_MAX means now."""
    approvals = approvals_known(connection, person_ids, until=until)
    if until < POSITION_MAX:
        return {
            one: replace(
                _record_as_of(connection, one, until),
                approvals=[approval for approval in approvals if approval.person_id == one],
            )
            for one in person_ids
        }
    licenses = renewals.of_persons(connection, person_ids)
    credits_ = renewals.credits_of_persons(connection, person_ids)
    awards = renewals.awards_of_persons(connection, person_ids)
    return {
        one: Record(
            [held for held in licenses if held.license.person_id == one],
            [credit for credit in credits_ if credit.person_id == one],
            [award for award in awards if award.person_id == one],
            [approval for approval in approvals if approval.person_id == one],
        )
        for one in person_ids
    }


def records_of_district(
    connection: Connection[Any], district_id: UUID, until: int, *, after: UUID, limit: int
) -> dict[UUID, Record]:
    """What was known of a page of those whose licenses a district had acted on by a position.

    Whoever came to it later is looked at and left out, so a page is the same whenever it is read.
    """
    found: dict[UUID, Record] = {}
    while len(found) < limit and (
        person_ids := renewals.persons_of_district(
            connection, district_id, after=after, limit=limit
        )
    ):
        found |= {
            person_id: record
            for person_id, record in records(connection, person_ids, until).items()
            if any(district_id in held.district_ids for held in record.licenses)
        }
        after = person_ids[-1]
    return dict(islice(found.items(), limit))


def lines(
    held: License,
    achievements: Sequence[Achievement],
    book: Rulebook,
    day: date,
    cycle: int | AllOrNewest = "newest",
) -> list[Progress]:
    """The lines of a license on a day: of its newest cycle, of one (1 is the first), or of all."""
    if cycle == "newest":
        return progress(held, achievements, book.rules, day, classes=book.classes)
    indexes = range(len(held.terms)) if cycle == "all" else [cycle - 1]
    return [
        line
        for index in indexes
        for line in in_cycle(held, achievements, book.rules, day, index, classes=book.classes)
    ]


def shown(line: Progress, day: date) -> RenewalLine:
    """A line as it is answered."""
    copied = {one.name: getattr(line, one.name) for one in fields(RenewalLine) if one.name in KNOWN}
    copied["options"] = list(line.options)
    return RenewalLine(**copied, categories=line.categories, may_renew=line.may_renew_on(day))


def brought(
    connection: Connection[Any],
    sight: Sight,
    person_id: UUID,
    achievement_id: UUID,
    *,
    until: int,
    day: date,
    imagined: Sequence[Award] = (),
) -> list[LicenseUnits]:
    """What one award or credit brings each of her licenses that the caller may see.

    It may be one that she has not earned: `imagined` is counted beside what she has.
    """
    record = records(connection, [person_id], until)[person_id]
    held = visible(record.licenses, sight)
    if not held:
        return []
    earned = replace(record, awards=[*record.awards, *imagined]).achievements(sight)
    book = rulebook(connection, until)
    named = {
        f"{one.rule_id} {one.rule_version}": f"{one.terms.jurisdiction}/{one.authority_reference}"
        for one in book.rules
    }
    return [
        LicenseUnits(
            license_id=line.license_id,
            jurisdiction=line.jurisdiction,
            license_type=line.license_type,
            purpose=line.purpose,
            cycle=line.cycle,
            unit=line.unit,
            rule=named.get(f"{unit.rule_id} {unit.rule_version}"),
            counted=counted(unit),
        )
        for one in held
        for line in lines(one.license, earned, book, day)
        for unit in line.units
        if unit.achievement_id == str(achievement_id)
    ]


def counted(unit: Unit) -> CountedUnit:
    """A unit as it is answered."""
    return CountedUnit(**{one.name: getattr(unit, one.name) for one in fields(CountedUnit)})


def explained(line: Progress, day: date) -> ExplainedLine:
    """A line with all that was looked at for it."""
    return ExplainedLine(line=shown(line, day), units=[counted(unit) for unit in line.units])


KNOWN = frozenset(one.name for one in fields(Progress))
AllOrNewest = Literal["all", "newest"]


def visible(held: Iterable[Held], sight: Sight) -> list[Held]:
    """The licenses that a caller may see: a district's are those that it ever acted on."""
    return [one for one in held if sight.of_districts(one.district_ids)]


def _record_as_of(connection: Connection[Any], person_id: UUID, until: int) -> Record:
    kinds = ("enrollment", "license", "credit", "acceptance", "opening")
    facts = history.events_of(connection, person_id, *kinds, until=until)
    of_enrollments = [fact for fact in facts if fact.event.TOPIC.startswith("enrollment.")]
    positions = {
        fact.event.originator_id: fact.position
        for fact in of_enrollments
        if isinstance(fact.event, Awarded)
    }
    awards = [
        Award(
            person_id,
            line.enrollment_id,
            line.credential_id,
            line.issuer_id,
            line.awarded_on,
            line.expires_on,
            line.revoked_on,
            positions[line.enrollment_id],
        )
        for line in transcript.lines_of(of_enrollments)
        if line.awarded_on is not None
    ]
    return Record(renewals.licenses_of(facts), renewals.credits_of(facts), awards)
