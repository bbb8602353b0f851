"""Two records become one when two operators say so, and an id means who was kept ever after."""

from __future__ import annotations

import pytest

from ledger.aggregates.merge import MergedWithSelfError, Merges, MergeTerms, PersonMergedError
from ledger.aggregates.seal_keys import SecondPersonError
from ledger.errors import NothingChangesError
from ledger.events.merge import MergeRequested, PersonsMerged
from tests.samples import act, named

ANN, ANNE, ANNA = named("ann"), named("anne"), named("anna")
FIRST, SECOND = act(named("first operator")), act(named("second operator"))
SAME = MergeTerms(ANN, ANNE, "duplicate_account")


def nothing() -> Merges:
    return Merges.none_yet(named("merges"))


def after(known: Merges, *asked: MergeTerms) -> Merges:
    """Each was asked for by one operator."""
    for terms in asked:
        found = Merges.fold(known, known.merge(FIRST, terms))
        assert found is not None
        known = found
    return known


def merged(known: Merges, terms: MergeTerms) -> Merges:
    asked = after(known, terms)
    found = Merges.fold(asked, asked.merge(SECOND, terms))
    assert found is not None
    return found


def test_records_are_merged_when_a_second_operator_asks_for_the_same() -> None:
    asked = after(nothing(), SAME)
    assert (asked.version, asked.kept) == (1, {})
    with pytest.raises(SecondPersonError):
        asked.merge(FIRST, SAME)
    (event,) = asked.merge(SECOND, SAME)
    assert isinstance(event, PersonsMerged)
    assert (event.requested_by, event.confirmed_by) == (FIRST.actor_id, SECOND.actor_id)
    assert (event.person_id, event.merged_id, event.reason) == SAME


def test_two_records_of_one_operator_are_no_two_operators() -> None:
    known = merged(nothing(), MergeTerms(FIRST.actor_id, SECOND.actor_id, "duplicate_account"))
    asked = after(known, SAME)
    with pytest.raises(SecondPersonError):
        asked.merge(SECOND, SAME)
    assert isinstance(asked.merge(act(named("third operator")), SAME)[0], PersonsMerged)


def test_another_reason_is_asked_for_anew_and_the_newest_is_what_a_second_confirms() -> None:
    other = SAME._replace(reason="name_changed")
    asked = after(nothing(), SAME)
    (event,) = asked.merge(SECOND, other)
    assert isinstance(event, MergeRequested)
    anew = Merges.fold(asked, [event])
    assert anew is not None
    with pytest.raises(SecondPersonError):
        anew.merge(SECOND, other)
    (done,) = anew.merge(FIRST, other)
    assert isinstance(done, PersonsMerged)


def test_the_other_way_around_is_another_merge() -> None:
    asked = after(nothing(), SAME)
    (event,) = asked.merge(SECOND, MergeTerms(ANNE, ANN, SAME.reason))
    assert isinstance(event, MergeRequested)


def test_a_record_is_not_merged_with_itself() -> None:
    with pytest.raises(MergedWithSelfError):
        nothing().merge(FIRST, MergeTerms(ANN, ANN, SAME.reason))


def test_an_id_means_whoever_was_kept_however_many_merges_later() -> None:
    one = merged(nothing(), SAME)
    both = merged(one, MergeTerms(ANNA, ANN, "name_changed"))
    assert [both.person_of(one) for one in (ANN, ANNE, ANNA)] == [ANNA] * 3
    assert both.meant == {ANN: ANNA, ANNE: ANNA}
    assert set(both.ids_of(ANNA)) == {ANN, ANNE}
    assert both.ids_of(ANN) == []
    assert [both.every_id_of(one)[0] for one in (ANN, ANNE, ANNA)] == [ANNA] * 3
    assert set(both.every_id_of(ANNE)) == {ANN, ANNE, ANNA}
    assert nothing().person_of(ANN) == ANN


def test_what_was_merged_is_not_merged_again() -> None:
    one = merged(nothing(), SAME)
    for again in (SAME, MergeTerms(ANNE, ANN, SAME.reason)):
        with pytest.raises(NothingChangesError):
            one.merge(FIRST, again)
    for terms in (MergeTerms(ANNE, ANNA, SAME.reason), MergeTerms(ANNA, ANNE, SAME.reason)):
        with pytest.raises(PersonMergedError) as refused:
            one.merge(FIRST, terms)
        assert refused.value.operands == {"person_id": str(ANN)}


def test_what_else_was_asked_about_a_merged_record_is_forgotten() -> None:
    """Of the one that is kept it stands."""
    about_anne, about_ann = (MergeTerms(ANNA, one, SAME.reason) for one in (ANNE, ANN))
    left = merged(after(nothing(), about_anne, about_ann), SAME)
    assert set(left.asked) == {(ANNA, ANN)}
