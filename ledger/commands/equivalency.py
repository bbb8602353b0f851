"""Commands on equivalency rules, and the rules that are shipped with the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from ledger.aggregates import equivalency as equivalencies
from ledger.aggregates.equivalency import Adoption, Equivalency
from ledger.aggregates.organization import Organization
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.errors import NotFoundError
from ledger.events import AnyEquivalencyEvent
from ledger.events.equivalency import EquivalencyTerms
from ledger.values import Value, stream_id

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


def retire_equivalency(
    ledger: Ledger, call: Call, *, equivalency_id: UUID, authority_reference: str, last_day: date
) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyEquivalencyEvent]:
        rules = read.get(Equivalency, equivalency_id)
        return rules.retire(call.act, authority_reference=authority_reference, last_day=last_day)

    return ledger.run(call, decide)


class _File(Value):
    """A file of shipped rules: every version of one jurisdiction's, the oldest first."""

    jurisdiction: str
    versions: tuple[EquivalencyTerms, ...]


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


def _shipped_files() -> Iterator[_File]:
    adapter = TypeAdapter(_File)
    for file in files("ledger.rules").joinpath("jurisdictions").iterdir():
        if file.name.endswith(".json"):
            yield adapter.validate_python(orjson.loads(file.read_bytes()))
