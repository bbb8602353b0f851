"""Licenses, credits and rules as the tables hold them, however the log is cut."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import Connection

from ledger.events.calendar import CalendarFactRecorded, CompetencyClassSet
from ledger.events.dossier import (
    DocumentReceived,
    DossierFactRecorded,
    DossierFactWithdrawn,
    PriorApprovalGiven,
)
from ledger.rules.licenses import Ruling
from projections.contract import Fact
from projections.renewal_approvals import approvals_known
from projections.renewal_rules import classes_known, rules_known
from projections.renewals import (
    Credit,
    Renewals,
    credits_of,
    credits_of_persons,
    find_license,
    licenses_of,
    of_persons,
)
from tests.database import Server
from tests.projections.lives import (
    TEACHERS,
    credit_stream,
    equivalency_stream,
    interleaved,
    license_stream,
)
from tests.projections.playing import dump, play, tables_of
from tests.samples import DISTRICT, header, named, vault_text

RENEWALS = Renewals()
ANNE, BERTHA = TEACHERS[:2]
FAR = 10**6


def log(chance: random.Random | None = None) -> list[Fact[Any]]:
    """Two teachers with a license and a credit each, and a district's rules that are retired."""
    streams = [equivalency_stream()]
    for person in (ANNE, BERTHA):
        held = {"person_id": person, "district_id": DISTRICT}
        streams.append(license_stream(uuid5(person, "license"), held))
        streams.append(credit_stream(uuid5(person, "credit"), held))
    events = interleaved(streams, chance) if chance else [e for s in streams for e in s]
    return [Fact(position, event) for position, event in enumerate(events, 1)]


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, RENEWALS) as connection:
        yield connection


def test_the_tables_hold_what_folding_the_events_alone_gives(connection: Connection[Any]) -> None:
    facts = log()
    play(connection, RENEWALS, facts)
    held = of_persons(connection, [ANNE, BERTHA])
    assert sorted(held, key=str) == sorted(licenses_of(facts), key=str)
    found = credits_of_persons(connection, [ANNE, BERTHA])
    assert sorted(found, key=_id) == sorted(credits_of(facts), key=_id)


def test_a_license_is_kept_with_its_cycles_facts_rulings_and_where_its_number_is(
    connection: Connection[Any],
) -> None:
    play(connection, RENEWALS, log())
    found = find_license(connection, uuid5(ANNE, "license"))
    assert found is not None
    assert found.number == vault_text("license number")
    assert found.district_ids == (DISTRICT,)
    held = found.license
    assert [term.valid_to for term in held.terms] == [date(2026, 6, 30), None]
    assert [facts.effective_on for facts in held.facts] == [date(2021, 7, 1), date(2024, 8, 1)]
    ruling = Ruling("accepted", "seen", 50, "literacy", DISTRICT, held.positions[2])
    assert held.rulings == {named("award"): ruling}
    assert (held.closed_on, held.closed_reason) == (date(2027, 1, 1), "surrendered")
    assert find_license(connection, named("nothing")) is None


def test_a_withdrawn_credit_stays_and_says_why(connection: Connection[Any]) -> None:
    play(connection, RENEWALS, log())
    (credit,) = credits_of_persons(connection, [ANNE])
    assert (credit.withdrawn_on, credit.withdrawn_reason) == (date(2025, 1, 1), "mistake")
    achievement = credit.achievement
    assert (achievement.void_from, achievement.void_reason) == (date(2025, 1, 1), "withdrawn")


def test_rules_are_known_as_of_a_position(connection: Connection[Any]) -> None:
    """Adopted at 1 and 2, retired at 3."""
    play(connection, RENEWALS, log())
    assert rules_known(connection, until=0) == []
    assert [rule.rule_version for rule in rules_known(connection, until=1)] == [1]
    assert [rule.last_day for rule in rules_known(connection, until=2)] == [None, None]
    ended = rules_known(connection, until=3)
    assert [rule.last_day for rule in ended] == [date(2026, 6, 30)] * 2
    assert rules_known(connection, until=FAR, jurisdiction="us-tn") == ended
    assert rules_known(connection, until=FAR, jurisdiction="us-md") == []


def test_competencies_are_one_as_of_a_position_and_until_the_district_says_otherwise(
    connection: Connection[Any],
) -> None:
    """Named at 1, named anew at 2, ended at 3 by naming one alone; another district's at 4."""
    one, two, three = (named(f"credential {n}") for n in range(3))
    said = [(DISTRICT, (one, two)), (DISTRICT, (one, three)), (DISTRICT, (one,))]
    said.append((named("another district"), (two, three)))
    facts = [
        Fact(
            position,
            CalendarFactRecorded(
                **header(named("calendar"), position),
                district_id=district,
                fact=CompetencyClassSet(name="data-literacy", credential_ids=credentials),
            ),
        )
        for position, (district, credentials) in enumerate(said, 1)
    ]
    play(connection, RENEWALS, facts)
    assert classes_known(connection, until=0) == {}
    assert classes_known(connection, until=1) == {DISTRICT: [frozenset({one, two})]}
    assert classes_known(connection, until=2) == {DISTRICT: [frozenset({one, three})]}
    assert classes_known(connection, until=3) == {}
    assert list(classes_known(connection, until=FAR)) == [named("another district")]


def test_an_approval_is_known_from_when_it_was_recorded_until_it_is_withdrawn(
    connection: Connection[Any],
) -> None:
    """On file at 2, withdrawn at 3; another fact on file at 1 is none. In one batch or in three."""
    held = {"person_id": ANNE, "district_id": DISTRICT}
    stream, subject = named("dossier"), named("credential")
    approved = PriorApprovalGiven(subject_id=subject, approved_on=date(2024, 1, 15))
    other = DocumentReceived(subject_id=subject, document="slip", received_on=date(2024, 1, 2))
    facts: list[Fact[Any]] = [
        Fact(1, DossierFactRecorded(**header(stream, 1), **held, fact=other)),
        Fact(2, DossierFactRecorded(**header(stream, 2), **held, fact=approved)),
        Fact(3, DossierFactWithdrawn(**header(stream, 3), **held, withdrawn_version=2)),
        Fact(4, DossierFactWithdrawn(**header(stream, 4), **held, withdrawn_version=1)),
    ]
    for batches in ([facts], [[one] for one in facts]):
        play(connection, RENEWALS, *batches)
        days = [
            [one.approved_on for one in approvals_known(connection, [ANNE, BERTHA], until=until)]
            for until in (1, 2, 3)
        ]
        assert days == [[], [date(2024, 1, 15)], []]


@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 16), max_size=4))
def test_it_does_not_matter_how_the_log_is_cut(
    connection: Connection[Any], chance: random.Random, cuts: Sequence[int]
) -> None:
    facts = log(chance)
    play(connection, RENEWALS, facts)
    whole = dump(connection, RENEWALS)
    ends = [0, *sorted(set(cuts)), len(facts)]
    play(connection, RENEWALS, *(facts[a:b] for a, b in itertools.pairwise(ends)))
    assert dump(connection, RENEWALS) == whole


def _id(credit: Credit) -> str:
    return str(credit.credit_id)
