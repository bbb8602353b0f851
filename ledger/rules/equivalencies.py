"""What an achievement is worth under a jurisdiction's rules: one conversion, from its own kind.

Nothing is ever converted twice, and what no rule speaks of is worth nothing, with the reason said.
Quantities are hundredths; a worth is an exact fraction of units until a cycle is summed up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

from ledger.events.equivalency import Conversion, EquivalencyTerms
from ledger.rules.licenses import Term

HUNDREDTHS = 100
NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Achievement:
    """An award, or a credit earned elsewhere."""

    id: UUID
    position: int  # in the log: breaks ties between what was earned on one day
    kind: str
    quantity_hundredths: int
    earned_on: date
    category: str | None = None
    course: str | None = None
    credential_id: UUID | None = None
    issuer_id: UUID | None = None
    begun_on: date | None = None
    approved_on: date | None = None
    expires_on: date | None = None  # the first day on which an award no longer holds
    void_from: date | None = None  # revoked or withdrawn
    void_reason: str | None = None
    exchanged_for: UUID | None = None  # of a course: the award that it was given for
    accepted_by: UUID | None = None  # one from elsewhere: the district whose decision this is
    declined: bool = False  # by that district
    said: str = ""  # by that district, of how it counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One version of an authority's rules, as adopted."""

    rule_id: UUID
    rule_version: int
    district_id: UUID | None
    authority_reference: str
    adopted_on: date
    terms: EquivalencyTerms
    last_day: date | None = None  # once retired
    position: int = 0

    def covers(self, day: date) -> bool:
        ends = [one for one in (self.terms.effective_to, self.last_day) if one is not None]
        return self.terms.effective_from <= day and all(day <= end for end in ends)

    def governs(self, term: Term, traits: Collection[str]) -> bool:
        """Whether this version holds for a cycle: by the date it says, or because she opted in."""
        if self.terms.opt_in_trait is not None and self.terms.opt_in_trait in traits:
            return True
        return self.covers(getattr(term, self.terms.governed_by) or date.max)


@dataclass(frozen=True, slots=True)
class Worth:
    """What one achievement comes to by itself, and how."""

    units: Fraction
    reason: str | None  # why it is nothing, or less than all of it
    arithmetic: str
    rule: Rule  # that gave the rate, or refused
    category: str | None


def governing(rules: Iterable[Rule], term: Term, traits: Collection[str]) -> Rule | None:
    """The state's rule for a cycle: of those that cover its date, the one adopted last."""
    states = [rule for rule in rules if rule.district_id is None]
    found = [rule for rule in states if rule.governs(term, traits)]
    return max(found, key=_adopted, default=None)


def local_rule(rules: Iterable[Rule], district_id: UUID, day: date) -> Rule | None:
    """A district's own rule on a day: of those that cover it, the one adopted last."""
    found = [rule for rule in rules if rule.district_id == district_id and rule.covers(day)]
    return max(found, key=_adopted, default=None)


def worth(
    achievement: Achievement, state: Rule, local: Rule | None, traits: Collection[str]
) -> Worth:
    """What the state gives for it, or the district where the state leaves that to districts."""
    rule, conversion = state, _fitting(state.terms.conversions, achievement, traits)
    if conversion is not None and conversion.left_to == "district" and local is not None:
        rule = local
        conversion = _fitting(local.terms.conversions, achievement, traits) or conversion
    reason = _refusal(achievement, conversion, traits)
    category = achievement.category if conversion is None else (
        conversion.category or achievement.category
    )  # fmt: skip
    if reason is not None or conversion is None:
        return Worth(NOTHING, reason, spoken_of(achievement), rule, category)
    return _converted(achievement, conversion, rule, category)


def _converted(
    achievement: Achievement, conversion: Conversion, rule: Rule, category: str | None
) -> Worth:
    most = conversion.item_max_hundredths
    quantity = achievement.quantity_hundredths
    counted = quantity if most is None else min(quantity, most)
    gives, per = conversion.gives_hundredths, conversion.per_hundredths
    reckoned = counted // per * per if conversion.whole else counted
    units = Fraction(reckoned * gives, per * HUNDREDTHS)
    rate = f"{decimal(gives)} for each {'full ' if conversion.whole else ''}{decimal(per)}"
    cut = "" if counted == quantity else f", no more than {decimal(counted)} of it counts"
    said = f"{spoken_of(achievement)}{cut}: {rate} = {spoken(units)} {rule.terms.unit}"
    if units == 0:
        return Worth(NOTHING, "not_a_full_portion", said, rule, category)
    return Worth(units, "more_than_counts" if cut else None, said, rule, category)


def _fitting(
    conversions: Sequence[Conversion], achievement: Achievement, traits: Collection[str]
) -> Conversion | None:
    """The first that fits; one that asks for a trait she lacks is taken only to say so."""
    fit = [one for one in conversions if _speaks_of(one, achievement)]
    open_to_her = [one for one in fit if one.trait is None or one.trait in traits]
    return next(iter(open_to_her or fit), None)


def _speaks_of(conversion: Conversion, achievement: Achievement) -> bool:
    day = achievement.earned_on
    named, issuers = conversion.credential_ids, conversion.issuer_ids
    return (
        conversion.kind == achievement.kind
        and (named is None or achievement.credential_id in named)
        and (issuers is None or achievement.issuer_id in issuers)
        and (conversion.earned_from is None or conversion.earned_from <= day)
        and (conversion.earned_to is None or day <= conversion.earned_to)
    )


def _refusal(
    achievement: Achievement, conversion: Conversion | None, traits: Collection[str]
) -> str | None:
    """The first thing that speaks against it; null when nothing does."""
    if conversion is None:
        return "no_equivalency_rule"
    trait, least = conversion.trait, conversion.item_min_hundredths
    days = conversion.approved_days_before
    against = (
        (conversion.left_to is not None, f"left_to_{_code(conversion.left_to)}"),
        (conversion.gives_hundredths == 0, "not_accepted"),
        (trait is not None and trait not in traits, f"needs_{_code(trait)}"),
        (least is not None and achievement.quantity_hundredths < least, "below_minimum"),
        (days is not None and not _approved_in_time(achievement, days), "not_preapproved"),
    )
    return next((reason for holds, reason in against if holds), None)


def _code(slug: str | None) -> str:
    return (slug or "").replace("-", "_")


def _approved_in_time(achievement: Achievement, days: int | None) -> bool:
    begun = achievement.begun_on or achievement.earned_on
    approved = achievement.approved_on
    return approved is not None and approved <= begun - timedelta(days=days or 0)


def decimal(hundredths: int) -> str:
    """Hundredths as people write them: 150 is 1.5."""
    whole, rest = divmod(hundredths, HUNDREDTHS)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


def spoken(units: Fraction) -> str:
    """An exact number in words: a decimal where it is one, else a fraction."""
    hundredths = units * HUNDREDTHS
    return decimal(int(hundredths)) if hundredths.denominator == 1 else str(units)


def spoken_of(achievement: Achievement) -> str:
    """How much of which kind, in words: 1.5 ceu."""
    kind = achievement.kind.replace("_", " ")
    return f"{decimal(achievement.quantity_hundredths)} {kind}"


def _adopted(rule: Rule) -> int:
    return rule.rule_version
