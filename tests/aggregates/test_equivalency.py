"""Equivalency rules: who adopts them, in versions, and what nobody can adopt."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.aggregates.equivalency import (
    Adoption,
    AuthorityReferenceMissingError,
    EquivalencyRetiredError,
    EquivalencySpanReversedError,
    JurisdictionChangedError,
    RequirementUnmeetableError,
    RuleAdoptedInFutureError,
    UnitElsewhereError,
    adopt,
)
from ledger.errors import LedgerError, NothingChangesError
from ledger.events.equivalency import (
    EquivalencyAdopted,
    EquivalencyRetired,
    Need,
    Option,
    Requirement,
)
from tests.given import Outcome, fact, given
from tests.samples import DISTRICT, act, equivalency_terms, header, named

RULES = named("rules")
TODAY = date(2024, 11, 18)
ACT = "State board, item 12"


def adopted(version: int = 1, **changes: Any) -> EquivalencyAdopted:
    return EquivalencyAdopted(
        **header(RULES, version),
        district_id=None,
        rule_version=version,
        authority_reference=ACT,
        adopted_on=TODAY,
        terms=equivalency_terms(**changes),
    )


retired = EquivalencyRetired(
    **header(RULES, 2), district_id=None, authority_reference=ACT, last_day=TODAY
)


def adoption(reference: str = ACT, on: date = TODAY, **changes: Any) -> Adoption:
    return Adoption(
        authority_reference=reference, adopted_on=on, terms=equivalency_terms(**changes)
    )


def adopting(reference: str = ACT, on: date = TODAY, **changes: Any) -> Outcome:
    made = adoption(reference, on, **changes)
    return given().when(lambda _: adopt(RULES, act(), district_id=None, adoption=made))


def adopting_next(reference: str = ACT, on: date = TODAY, **changes: Any) -> Outcome:
    made = adoption(reference, on, **changes)
    return given(adopted()).when(lambda rules: rules.adopt(act(), made))


def test_the_first_adoption_begins_the_rules_with_version_1() -> None:
    adopting().then(
        fact(
            EquivalencyAdopted,
            district_id=None,
            rule_version=1,
            authority_reference=ACT,
            adopted_on=TODAY,
            terms=equivalency_terms(),
        )
    )


def test_a_district_adopts_rules_of_its_own() -> None:
    outcome = given().when(lambda _: adopt(RULES, act(), district_id=DISTRICT, adoption=adoption()))
    outcome.then(fact(EquivalencyAdopted, district_id=DISTRICT, rule_version=1))


def test_the_next_adoption_is_the_next_version() -> None:
    terms = equivalency_terms(title="Other points")
    state = adopting_next(title="Other points").then(
        fact(EquivalencyAdopted, rule_version=2, district_id=None, terms=terms)
    )
    assert (state.rule_version, state.terms, len(state.known)) == (2, terms, 2)


@pytest.mark.parametrize("adopting_one", [adopting, adopting_next])
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"reference": " "}, AuthorityReferenceMissingError),
        ({"on": date(2024, 11, 19)}, RuleAdoptedInFutureError),
        ({"effective_to": date(2016, 6, 30)}, EquivalencySpanReversedError),
        ({"unit": "us-md:PDP"}, UnitElsewhereError),
    ],
)
def test_what_nobody_can_adopt_is_refused(
    adopting_one: Any, changes: dict[str, Any], refusal: type[LedgerError]
) -> None:
    adopting_one(**{"title": "New", **changes}).then_refused(refusal)


def asking(*options: Option) -> tuple[Requirement, ...]:
    return (Requirement(purpose="renew", approver="state", options=options),)


TOTAL = Need(need="total", needed_hundredths=100)
VAGUE = Need(need="own", needed_hundredths=100, own=True)


@pytest.mark.parametrize(
    "options",
    [
        (Option(option="a", needs=(TOTAL, TOTAL)),),
        (Option(option="a", needs=(TOTAL,)), Option(option="a", needs=(TOTAL,))),
        (Option(option="a", needs=(VAGUE,)),),
    ],
    ids=["one need twice", "one name for two options", "own kinds that are not named"],
)
def test_a_requirement_that_cannot_be_told_apart_is_refused(options: tuple[Option, ...]) -> None:
    adopting(requirements=asking(*options)).then_refused(RequirementUnmeetableError)


def test_a_version_that_says_what_an_earlier_one_says_changes_nothing() -> None:
    """Of any version, so that loading a file again adds nothing."""
    outcome = given(adopted(), adopted(2, title="Other")).when(
        lambda rules: rules.adopt(act(), adoption())
    )
    outcome.then_refused(NothingChangesError)


def test_the_rules_of_one_state_do_not_become_those_of_another() -> None:
    adopting_next(jurisdiction="us-md", unit="us-md:PDP").then_refused(JurisdictionChangedError)


def retiring(*earlier: Any, reference: str = ACT) -> Outcome:
    return given(*earlier).when(
        lambda rules: rules.retire(act(), authority_reference=reference, last_day=TODAY)
    )


def test_rules_are_retired_by_the_act_of_an_authority() -> None:
    state = retiring(adopted()).then(
        fact(EquivalencyRetired, last_day=TODAY, authority_reference=ACT, district_id=None)
    )
    assert state.last_day == TODAY
    retiring(adopted(), reference="").then_refused(AuthorityReferenceMissingError)


def test_retired_rules_take_neither_a_version_nor_another_end() -> None:
    retiring(adopted(), retired).then_refused(EquivalencyRetiredError)
    outcome = given(adopted(), retired).when(
        lambda rules: rules.adopt(act(), adoption(title="New"))
    )
    outcome.then_refused(EquivalencyRetiredError)
