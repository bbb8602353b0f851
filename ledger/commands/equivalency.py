"""Commands on equivalency rules, and the rules that are shipped with the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from uuid import UUID

import orjson
from pydantic import Field, TypeAdapter

from ledger.aggregates import equivalency as equivalencies
from ledger.aggregates.base import Act
from ledger.aggregates.equivalency import Adoption, Equivalency
from ledger.aggregates.organization import Organization
from ledger.application import Call, Ledger, Reader, Receipt, command_id
from ledger.errors import NotFoundError, NothingChangesError
from ledger.events import AnyEquivalencyEvent
from ledger.events.equivalency import EquivalencyTerms
from ledger.values import Jurisdiction, Value, local_date, stream_id

STATE = "state"


def equivalency_stream(district_id: UUID | None, jurisdiction: str) -> UUID:
    """The stream of an authority's rules for a jurisdiction: a state's own, or a district's."""
    return stream_id("equivalency", district_id or STATE, jurisdiction)


def adopt_equivalency(
    ledger: Ledger,
    call: Call,
    *,
    district_id: UUID | None,
    authority_reference: str,
    adopted_on: date,
    terms: EquivalencyTerms,
) -> Receipt:
    """Adopt the first or the next version of an authority's rules for a jurisdiction."""
    stream = equivalency_stream(district_id, terms.jurisdiction)
    adoption = Adoption(authority_reference=authority_reference, adopted_on=adopted_on, terms=terms)

    def decide(read: Reader) -> Sequence[AnyEquivalencyEvent]:
        if district_id is not None:
            read.get(Organization, district_id).must_be_district()
        known = read.find(Equivalency, stream)
        if known is None:
            return equivalencies.adopt(stream, call.act, district_id=district_id, adoption=adoption)
        return known.adopt(call.act, adoption)

    return ledger.run(call, decide)


def load_rules(
    ledger: Ledger,
    caller_id: UUID,
    at: datetime,
    *,
    authority_reference: str,
    versions: Sequence[EquivalencyTerms],
) -> int:
    """Adopt versions of states' rules, in order; returns how many were not there already.

    All are looked at before the first is adopted, so a flaw in any of them adopts none.
    """
    adopted_on = local_date(at, equivalencies.EVERYWHERE)
    adoptions = [
        Adoption(authority_reference=authority_reference, adopted_on=adopted_on, terms=terms)
        for terms in versions
    ]
    for adoption in adoptions:
        equivalencies.must_be_adoptable(Act(caller_id, at), adoption)
    return sum(_load(ledger, caller_id, at, adoption) for adoption in adoptions)


def _load(ledger: Ledger, caller_id: UUID, at: datetime, adoption: Adoption) -> bool:
    key = f"{adoption.authority_reference}\n{adoption.terms.model_dump_json()}"
    identity = command_id(caller_id, "equivalency load", key)
    call = Call(caller_id=caller_id, command_id=identity, body_hash=bytes(32), at=at)
    try:
        receipt = adopt_equivalency(
            ledger,
            call,
            district_id=None,
            authority_reference=adoption.authority_reference,
            adopted_on=adoption.adopted_on,
            terms=adoption.terms,
        )
    except NothingChangesError:
        return False
    return not receipt.replayed


def retire_equivalency(
    ledger: Ledger, call: Call, *, equivalency_id: UUID, authority_reference: str, last_day: date
) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyEquivalencyEvent]:
        rules = read.get(Equivalency, equivalency_id)
        return rules.retire(call.act, authority_reference=authority_reference, last_day=last_day)

    return ledger.run(call, decide)


class RuleFile(Value):
    """A file of shipped rules: every version of one jurisdiction's, the oldest first."""

    jurisdiction: Jurisdiction
    versions: tuple[EquivalencyTerms, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Shipped:
    """One version of a jurisdiction's rules as it comes with the ledger."""

    jurisdiction: str
    rule_version: int
    terms: EquivalencyTerms


def shipped(jurisdictions: Sequence[str] = ()) -> list[Shipped]:
    """The rules that come with the ledger, of these jurisdictions or of all.

    Raises:
        NotFoundError: none are shipped for a jurisdiction.
    """
    found = {file.jurisdiction: file for file in _shipped_files()}
    for jurisdiction in jurisdictions:
        if jurisdiction not in found:
            known = ", ".join(sorted(found))
            raise NotFoundError(f"no rules are shipped for {jurisdiction}; there are {known}")
    return [
        Shipped(name, number, terms)
        for name in sorted(jurisdictions or found)
        for number, terms in enumerate(found[name].versions, start=1)
    ]


def _shipped_files() -> Iterator[RuleFile]:
    adapter = TypeAdapter(RuleFile)
    for file in files("ledger.rules").joinpath("jurisdictions").iterdir():
        if file.name.endswith(".json"):
            yield adapter.validate_python(orjson.loads(file.read_bytes()))
