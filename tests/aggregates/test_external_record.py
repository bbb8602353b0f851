"""Records from elsewhere, trust in their issuers, and what a district lets them count for."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.aggregates import acceptance, external_record, issuer_trust
from ledger.aggregates.acceptance import (
    ISSUED_HERE,
    Decision,
    ItemIssuedHereError,
    ItemRevokedError,
    PartOfAwardError,
)
from ledger.aggregates.external_record import ExternalRecord, NewRecord, RecordHerOwnError
from ledger.aggregates.issuer_trust import IssuerNotTrustedError, Trust
from ledger.aggregates.licensure import FarDayError
from ledger.errors import LedgerError, NothingChangesError
from ledger.events.acceptance import AcceptanceDecided, AcceptancePutUnderReview
from ledger.events.external_record import (
    ExternalItem,
    ExternalRecordImported,
    ExternalRecordRechecked,
    ItemFindings,
)
from ledger.events.issuer_trust import IssuerTrusted, IssuerTrustWithdrawn
from tests.given import Outcome, fact, given
from tests.samples import DISTRICT, EARNER, ZONE, act, header, named, vault_text

RECORD, ITEM, OTHER = named("record"), named("item"), named("other item")
ACCEPTANCE, TRUST = named("acceptance"), named("trust")
EARNED, TODAY = date(2024, 5, 31), date(2024, 11, 18)
FINDINGS: dict[str, Any] = {
    "item_id": ITEM,
    "standing": "external_verified",
    "reason": None,
    "trust": "trusted",
    "status": "active",
    "status_reason": None,
}


def item(**changes: Any) -> ExternalItem:
    facts = {
        **FINDINGS,
        "issuer_hmac": "hmac-sha256:" + "0a" * 32,
        "issuer_id": "did:web:tn.example",
        "earned_on": EARNED,
        "expires_on": None,
        "holder": "matched",
    }
    return ExternalItem(**facts | changes)


NEW = NewRecord(
    kind="learner_record_2",
    carrier="bundle",
    document=vault_text("record"),
    zone=ZONE,
    items=(item(), item(item_id=OTHER)),
)
imported = ExternalRecordImported(
    **header(RECORD),
    person_id=EARNER,
    district_id=DISTRICT,
    kind=NEW.kind,
    carrier=NEW.carrier,
    document=NEW.document,
    title=None,
    zone=ZONE,
    items=NEW.items,
)


def test_a_record_is_kept_with_what_was_found_out() -> None:
    after = (
        given()
        .when(
            lambda _: external_record.receive(
                RECORD, act(), person_id=EARNER, district_id=DISTRICT, new=NEW
            )
        )
        .then(fact(ExternalRecordImported, items=NEW.items, document=NEW.document))
    )
    assert set(after.items) == {ITEM, OTHER}


def test_what_she_keeps_to_herself_no_district_decides_on() -> None:
    own = ExternalRecord.fold(None, [imported.model_copy(update={"district_id": None})])
    assert own is not None
    with pytest.raises(RecordHerOwnError):
        own.recheck(act(), [ItemFindings(**FINDINGS | {"status": "revoked"})])


def test_a_day_that_is_a_slip_of_the_pen_is_refused() -> None:
    new = NewRecord(
        kind="open_badge_3",
        carrier="json",
        document=NEW.document,
        zone=ZONE,
        items=(item(earned_on=date(202, 1, 1)),),
    )
    given().when(
        lambda _: external_record.receive(
            RECORD, act(), person_id=EARNER, district_id=DISTRICT, new=new
        )
    ).then_refused(FarDayError)


def test_only_what_stands_otherwise_is_noted() -> None:
    revoked = ItemFindings(**FINDINGS | {"status": "revoked"})
    same = ItemFindings(**FINDINGS | {"item_id": OTHER})
    stranger = ItemFindings(**FINDINGS | {"item_id": named("stranger"), "status": "revoked"})
    after = (
        given(imported)
        .when(lambda record: record.recheck(act(), [revoked, same, stranger]))
        .then(fact(ExternalRecordRechecked, items=(revoked,)))
    )
    assert {one.item_id: one.status for one in after.items.values()} == {
        ITEM: "revoked",
        OTHER: "active",
    }
    assert after.items[ITEM].earned_on == EARNED
    again = ExternalRecordRechecked(
        **header(RECORD, 2), person_id=EARNER, district_id=DISTRICT, items=(revoked,)
    )
    given(imported, again).when(lambda record: record.recheck(act(), [revoked])).then_refused(
        NothingChangesError
    )


WHOLE = Decision(outcome="accepted", reason="same-competency", category="literacy")
HALF = Decision(outcome="partly_accepted", reason="shorter", quantity_hundredths=50)
NONE = Decision(outcome="declined", reason="unrelated")


def decided(decision: Decision = WHOLE, version: int = 1) -> AcceptanceDecided:
    return AcceptanceDecided(
        **header(ACCEPTANCE, version),
        person_id=EARNER,
        district_id=DISTRICT,
        record_id=RECORD,
        item_id=ITEM,
        outcome=decision.outcome,
        reason=decision.reason,
        kind=decision.kind,
        quantity_hundredths=decision.quantity_hundredths,
        category=decision.category,
        earned_on=EARNED,
        expires_on=None,
        zone=ZONE,
    )


reviewed = AcceptancePutUnderReview(
    **header(ACCEPTANCE, 2),
    person_id=EARNER,
    district_id=DISTRICT,
    reason="revoked-by-issuer",
    effective_on=TODAY,
)


def deciding(decision: Decision, **changes: Any) -> Outcome:
    return given().when(
        lambda _: acceptance.decide(
            ACCEPTANCE,
            act(),
            district_id=DISTRICT,
            person_id=EARNER,
            record_id=RECORD,
            zone=ZONE,
            item=item(**changes),
            decision=decision,
        )
    )


@pytest.mark.parametrize("decision", [WHOLE, HALF, NONE], ids=lambda one: one.outcome)
def test_an_award_is_accepted_partly_accepted_or_declined(decision: Decision) -> None:
    after = deciding(decision).then(
        fact(
            AcceptanceDecided,
            outcome=decision.outcome,
            reason=decision.reason,
            quantity_hundredths=decision.quantity_hundredths,
            category=decision.category,
            earned_on=EARNED,
        )
    )
    assert after.counts == (decision.outcome != "declined")


@pytest.mark.parametrize(
    ("decision", "changes", "refusal"),
    [
        (Decision(outcome="accepted", reason="x", quantity_hundredths=50), {}, PartOfAwardError),
        (Decision(outcome="accepted", reason="x", quantity_hundredths=200), {}, PartOfAwardError),
        (Decision(outcome="partly_accepted", reason="x"), {}, PartOfAwardError),
        (WHOLE, {"status": "revoked"}, ItemRevokedError),
        (HALF, {"status": "revoked"}, ItemRevokedError),
        (WHOLE, {"reason": ISSUED_HERE}, ItemIssuedHereError),
    ],
)
def test_what_cannot_be_accepted_is_refused(
    decision: Decision, changes: dict[str, Any], refusal: type[LedgerError]
) -> None:
    deciding(decision, **changes).then_refused(refusal)


def test_hours_are_accepted_in_their_own_number() -> None:
    hours = Decision(outcome="partly_accepted", reason="x", kind="hour", quantity_hundredths=1500)
    deciding(hours).then(fact(AcceptanceDecided, kind="hour", quantity_hundredths=1500))


@pytest.mark.parametrize("changes", [{"status": "revoked"}, {"reason": ISSUED_HERE}])
def test_what_counts_for_nothing_may_be_declined(changes: dict[str, Any]) -> None:
    deciding(NONE, **changes).then(AcceptanceDecided)


def test_until_when_the_award_holds_is_kept_with_every_decision() -> None:
    until = date(2029, 5, 31)
    kept = fact(
        AcceptanceDecided,
        person_id=EARNER,
        district_id=DISTRICT,
        record_id=RECORD,
        item_id=ITEM,
        expires_on=until,
        zone=ZONE,
    )
    first = deciding(WHOLE, expires_on=until)
    assert first.then(kept).expires_on == until
    hours = Decision(outcome="partly_accepted", reason="x", kind="hour", quantity_hundredths=1500)
    again = given(*first.events).when(
        lambda one: one.decide(act(), item=item(expires_on=until), decision=hours)
    )
    after = again.then(kept)
    assert (after.decision, after.expires_on) == (hours, until)


def test_the_newest_decision_counts_and_the_same_again_changes_nothing() -> None:
    given(decided()).when(lambda one: one.decide(act(), item=item(), decision=HALF)).then(
        fact(AcceptanceDecided, outcome="partly_accepted")
    )
    given(decided()).when(lambda one: one.decide(act(), item=item(), decision=WHOLE)).then_refused(
        NothingChangesError
    )
    given(decided()).when(
        lambda one: one.decide(act(), item=item(status="revoked"), decision=HALF)
    ).then_refused(ItemRevokedError)


@pytest.mark.parametrize("history", [(decided(NONE),), (decided(), reviewed)])
def test_what_was_issued_here_is_not_accepted_at_a_second_try(history: tuple[Any, ...]) -> None:
    given(*history).when(
        lambda one: one.decide(act(), item=item(reason=ISSUED_HERE), decision=WHOLE)
    ).then_refused(ItemIssuedHereError)


def test_what_is_in_question_counts_for_nothing_until_somebody_decides_anew() -> None:
    after = (
        given(decided())
        .when(
            lambda one: one.put_under_review(act(), reason="revoked-by-issuer", effective_on=TODAY)
        )
        .then(fact(AcceptancePutUnderReview, effective_on=TODAY))
    )
    assert not after.counts
    given(decided()).when(
        lambda one: one.put_under_review(act(), reason="x", effective_on=date(202, 1, 1))
    ).then_refused(FarDayError)
    stands = (
        given(decided(), reviewed)
        .when(lambda one: one.decide(act(), item=item(status="revoked"), decision=WHOLE))
        .then(AcceptanceDecided)
    )
    assert stands.counts


@pytest.mark.parametrize("history", [(decided(NONE),), (decided(), reviewed)])
def test_what_counts_for_nothing_is_not_put_in_question(history: tuple[Any, ...]) -> None:
    given(*history).when(
        lambda one: one.put_under_review(act(), reason="x", effective_on=TODAY)
    ).then_refused(NothingChangesError)


GRANTED = Trust(
    hosts=("tn.example",),
    keys=("did:web:tn.example#key-1",),
    effective_on=TODAY,
    authority_reference="Minute 7",
)
trusted = IssuerTrusted(
    **header(TRUST),
    district_id=DISTRICT,
    issuer_id="did:web:tn.example",
    hosts=GRANTED.hosts,
    keys=GRANTED.keys,
    effective_on=TODAY,
    authority_reference="Minute 7",
)
withdrawn = IssuerTrustWithdrawn(
    **header(TRUST, 2),
    district_id=DISTRICT,
    issuer_id="did:web:tn.example",
    reason="closed",
    effective_on=TODAY,
)


def test_an_issuer_is_trusted_by_a_dated_decision_and_no_more_by_another() -> None:
    given().when(
        lambda _: issuer_trust.trust(
            TRUST, act(), district_id=DISTRICT, issuer_id="did:web:tn.example", granted=GRANTED
        )
    ).then(fact(IssuerTrusted, hosts=("tn.example",), effective_on=TODAY))
    given(trusted).when(lambda one: one.trust(act(), GRANTED)).then_refused(NothingChangesError)
    given(trusted).when(lambda one: one.withdraw(act(), reason="closed", effective_on=TODAY)).then(
        fact(IssuerTrustWithdrawn, reason="closed")
    )
    given(trusted, withdrawn).when(
        lambda one: one.withdraw(act(), reason="closed", effective_on=TODAY)
    ).then_refused(IssuerNotTrustedError)
    given(trusted, withdrawn).when(lambda one: one.trust(act(), GRANTED)).then(IssuerTrusted)
