"""Records from elsewhere as the tables hold them, however the log is cut."""

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

from projections.contract import Fact, Projection
from projections.external_records import (
    ExternalRecords,
    acceptances_of_person,
    find,
    of_person,
    page,
    trusted_by,
    under_review,
)
from projections.renewals import Renewals, credits_of, credits_of_persons
from tests.database import Server
from tests.projections.lives import (
    TEACHERS,
    acceptance_stream,
    external_record_stream,
    interleaved,
    issuer_trust_stream,
)
from tests.projections.playing import dump, play, tables_of
from tests.samples import DISTRICT, named

RECORDS = ExternalRecords()
ANNE, BERTHA = TEACHERS[:2]


def log(chance: random.Random | None = None, length: int | None = None) -> list[Fact[Any]]:
    """Two teachers with a record and an acceptance each, and an issuer that is trusted a while."""
    streams = [issuer_trust_stream()]
    for person in (ANNE, BERTHA):
        held = {"person_id": person, "district_id": DISTRICT}
        streams.append(external_record_stream(uuid5(person, "record"), held))
        streams.append(acceptance_stream(uuid5(person, "acceptance"), held)[:length])
    events = interleaved(streams, chance) if chance else [e for s in streams for e in s]
    return [Fact(position, event) for position, event in enumerate(events, 1)]


def relevant(facts: Sequence[Fact[Any]], projection: Projection[Any]) -> list[Fact[Any]]:
    return [fact for fact in facts if projection.relevant(fact.event) is not None]


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, RECORDS) as connection:
        yield connection


@pytest.fixture(scope="module")
def renewals(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, Renewals()) as connection:
        yield connection


def test_a_record_stands_as_it_was_found_last(connection: Connection[Any]) -> None:
    play(connection, RECORDS, log())
    [record] = of_person(connection, ANNE)
    assert [item["status"] for item in record.items] == ["active", "revoked"]
    assert len(record.positions) == 2
    assert find(connection, record.record_id) == record
    assert find(connection, named("nothing")) is None
    everything = page(connection)
    assert {one.person_id for one in everything} == {ANNE, BERTHA}
    assert page(connection, DISTRICT, after=everything[0].record_id) == everything[1:]
    assert page(connection, named("elsewhere")) == []


def test_what_is_in_question_is_listed_until_it_is_decided_anew(
    connection: Connection[Any],
) -> None:
    play(connection, RECORDS, log(length=2))
    assert {one.person_id for one in under_review(connection, DISTRICT)} == {ANNE, BERTHA}
    [one] = acceptances_of_person(connection, ANNE)
    assert (one.outcome, one.under_review_from) == ("accepted", date(2025, 1, 1))
    play(connection, RECORDS, log())
    assert under_review(connection, DISTRICT) == []
    [one] = acceptances_of_person(connection, ANNE)
    assert (one.outcome, one.quantity_hundredths, one.review_reason) == (
        "partly_accepted",
        50,
        None,
    )


def test_trust_is_every_decision_by_its_day(connection: Connection[Any]) -> None:
    play(connection, RECORDS, log())
    found = trusted_by(connection, DISTRICT)
    assert [(one.trusted, one.effective_on) for one in found] == [
        (True, date(2024, 7, 1)),
        (False, date(2025, 7, 1)),
    ]
    assert trusted_by(connection, named("elsewhere")) == []


@pytest.mark.parametrize("length", [1, 2, 3])
def test_renewals_hold_what_folding_the_events_alone_gives(
    renewals: Connection[Any], length: int
) -> None:
    facts = relevant(log(length=length), Renewals())
    play(renewals, Renewals(), facts)
    found = credits_of_persons(renewals, [ANNE, BERTHA])
    assert found == credits_of(facts)
    [first, _] = [one.achievement for one in found]
    assert first.accepted_by == DISTRICT
    assert first.void_reason == ("under_review" if length == 2 else None)
    assert first.quantity_hundredths == (50 if length == 3 else 100)


@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 12), max_size=4))
def test_it_does_not_matter_how_the_log_is_cut(
    connection: Connection[Any], chance: random.Random, cuts: Sequence[int]
) -> None:
    facts = log(chance)
    play(connection, RECORDS, facts)
    whole = dump(connection, RECORDS)
    edges = sorted({0, len(facts), *(min(one, len(facts)) for one in cuts)})
    play(connection, RECORDS, *(facts[a:b] for a, b in itertools.pairwise(edges)))
    assert dump(connection, RECORDS) == whole
