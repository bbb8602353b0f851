"""What people decide about an entitlement, an address that is told, an opening file, old files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest

from ledger.aggregates import opening, payroll, payroll_retention, webhook
from ledger.aggregates.entitlement import Entitlement, LineSettledError, NotHeldError
from ledger.aggregates.opening import OpeningFile, OpeningTotals
from ledger.aggregates.payroll_retention import PayrollRetention, payroll_retention_stream
from ledger.aggregates.seal_keys import SecondPersonError
from ledger.aggregates.webhook import Webhook, WebhookAddressError
from ledger.errors import ConflictError, LedgerError, NothingChangesError
from ledger.events import AnyEntitlementEvent
from ledger.events.entitlement import CorrectionAdopted
from ledger.events.payroll import PayCode, PayrollTerms
from ledger.rules.payroll_lines import Proposal
from tests.samples import DISTRICT, EARNER, ZONE, act, named, vault_text

LINE, STREAM, BATCH = named("line"), named("stream"), named("batch")


def untouched() -> Entitlement:
    return Entitlement(
        id=STREAM,
        version=0,
        district_id=DISTRICT,
        entitlement_id=named("entitlement"),
        person_id=EARNER,
    )


def as_known(person_id: UUID) -> UUID:
    """Who is meant by an id where no records were merged."""
    return person_id


def refused(error: type[LedgerError]) -> pytest.RaisesExc[LedgerError]:
    return pytest.raises(error)


def test_an_entitlement_is_held_once_and_released_once() -> None:
    new = untouched()
    with refused(NotHeldError):
        new.release(act())
    held = Entitlement.fold(None, new.hold(act(), reason="audit"))
    assert held is not None
    assert (held.held, held.version) == (True, 1)
    with refused(NothingChangesError):
        held.hold(act(), reason="audit")
    released = Entitlement.fold(held, held.release(act()))
    assert released is not None
    assert (released.held, released.version) == (False, 2)


def test_another_amount_is_approved_anew_and_the_same_is_not() -> None:
    approved = Entitlement.fold(None, untouched().approve(act(), amount_cents=30_000))
    assert approved is not None
    with refused(NothingChangesError):
        approved.approve(act(), amount_cents=30_000)
    again = Entitlement.fold(approved, approved.approve(act(), amount_cents=28_000))
    assert again is not None
    assert again.approved_cents == 28_000


def test_an_attempt_of_a_line_is_settled_once_and_the_next_can_be() -> None:
    new = untouched()
    settled = Entitlement.fold(None, new.release_line(act(), line=LINE, attempt=1))
    assert settled is not None
    with refused(LineSettledError):
        settled.release_line(act(), line=LINE, attempt=1)
    settled.release_line(act(), line=LINE, attempt=2)


def registered(url: str = "https://payroll.example/told") -> Webhook:
    events = webhook.register(
        STREAM, act(), district_id=DISTRICT, url=url, secret=vault_text("secret")
    )
    made = Webhook.fold(None, events)
    assert made is not None
    return made


@pytest.mark.parametrize(
    "url",
    [
        "ftp://payroll.example/told",
        "https:///told",
        "https://user@payroll.example/told",
        "https://payroll.example/told#part",
        "https://payroll.example:0/told",
        "https://payroll.example:99999/told",
        "https://[payroll.example/told",
        "https://payroll.example/a b",
        "https://pàyroll.example/told",
    ],
)
def test_what_nobody_can_be_told_at_is_no_address(url: str) -> None:
    with refused(WebhookAddressError):
        registered(url)


def test_an_address_is_removed_once() -> None:
    here = registered()
    gone = Webhook.fold(here, here.remove(act()))
    assert gone is not None
    with refused(NothingChangesError):
        gone.remove(act())


def test_a_file_of_opening_records_is_confirmed_once_by_a_second_person() -> None:
    totals = OpeningTotals(DISTRICT, f"hmac-sha256:{'0' * 64}", date(2024, 7, 1), 3, 1_000, 100)
    prepared = OpeningFile.fold(None, opening.prepare(STREAM, act(named("first")), totals))
    assert prepared is not None
    with refused(SecondPersonError):
        prepared.confirm(act(named("first")), meant=as_known)
    with refused(SecondPersonError):  # two ids of one person are no two persons
        prepared.confirm(act(named("second")), meant=lambda _: EARNER)
    confirmed = OpeningFile.fold(prepared, prepared.confirm(act(named("second")), meant=as_known))
    assert confirmed is not None
    assert confirmed.confirmed_by == named("second")
    with refused(NothingChangesError):
        confirmed.confirm(act(named("third")), meant=as_known)


def begun(known: PayrollRetention | None = None) -> PayrollRetention:
    events = payroll_retention.begin(
        known,
        act(),
        district_id=DISTRICT,
        batch_id=BATCH,
        kept_until=date(2024, 4, 30),
        zone=ZONE,
    )
    made = PayrollRetention.fold(known, events)
    assert made is not None
    return made


def test_files_are_destroyed_once_and_what_is_stored_later_anew() -> None:
    underway = begun()
    assert underway.id == payroll_retention_stream(BATCH)
    with refused(NothingChangesError):
        begun(underway)
    files: set[UUID] = {named("one"), named("two")}
    gone = PayrollRetention.fold(underway, underway.confirm(act(), file_ids=files))
    assert gone is not None
    assert (gone.underway, gone.destroyed) == (False, files)
    with refused(NothingChangesError):
        gone.confirm(act(), file_ids=files)
    with refused(NothingChangesError):
        gone.hold_back(act(), grounds=())
    assert begun(gone).underway


def test_files_that_are_kept_after_all_are_no_longer_being_destroyed() -> None:
    underway = begun()
    kept = PayrollRetention.fold(underway, underway.hold_back(act(), grounds=("legal-hold",)))
    assert kept is not None
    assert (kept.underway, kept.destroyed) == (False, frozenset())
    with refused(NothingChangesError):
        kept.hold_back(act(), grounds=("legal-hold",))
    with refused(NothingChangesError):
        kept.confirm(act(), file_ids=())
    assert begun(kept).underway


def proposal(cents: int) -> Proposal:
    return Proposal(
        entitlement_id=named("entitlement"),
        person_id=EARNER,
        policy_id=named("policy"),
        policy_version=1,
        subject_id=named("award"),
        earned_on=date(2024, 5, 1),
        kind="adj",
        amount_cents=cents,
        owed_cents=30_000 + cents,
        closed_cents=30_000,
        original_line_id=LINE,
        original_attempt=1,
        original_pay_date=date(2024, 6, 14),
        original_tax_year=2024,
    )


def test_corrections_are_numbered_and_each_becomes_a_line_of_its_own() -> None:
    def adopt(known: Entitlement, cents: int) -> Entitlement:
        adopted = known.adopt(
            act(),
            proposal=proposal(cents),
            corrections_known=len(known.corrections),
            through_position=9,
        )
        (event,) = adopted
        assert isinstance(event, CorrectionAdopted)
        assert (event.correction, event.amount_cents) == (len(known.corrections) + 1, cents)
        assert event.original == proposal(cents).original
        made = Entitlement.fold(known, adopted)
        assert made is not None
        return made

    both = adopt(adopt(untouched(), 1_000), 1_000)
    assert len(set(both.corrections)) == 2


@pytest.mark.parametrize("known", [0, 2])
def test_a_correction_that_rests_on_others_than_there_are_is_refused(known: int) -> None:
    new = untouched()
    one = Entitlement.fold(
        new, new.adopt(act(), proposal=proposal(5), corrections_known=0, through_position=9)
    )
    assert one is not None
    with refused(ConflictError):
        one.adopt(act(), proposal=proposal(5), corrections_known=known, through_position=9)


def test_what_is_written_off_is_settled() -> None:
    def off(known: Entitlement) -> Sequence[AnyEntitlementEvent]:
        return known.write_off(
            act(),
            line=LINE,
            attempt=1,
            amount_cents=-500,
            reason="below_cost",
            board_reference="Minute 7",
        )

    settled = Entitlement.fold(None, off(untouched()))
    assert settled is not None
    with refused(LineSettledError):
        off(settled)
    with refused(LineSettledError):
        settled.release_line(act(), line=LINE, attempt=1)


def paying(*codes: PayCode, since: date = date(2024, 7, 1)) -> PayrollTerms:
    return PayrollTerms(
        effective_from=since,
        company_code="ABC",
        batch_prefix="MC",
        second_approval_above_cents=1_000_000,
        codes=codes or (PayCode(earning_code="MCR", recovery_code="MCA"),),
    )


def paid_by(terms: PayrollTerms) -> payroll.Payroll:
    events = payroll.set_first_terms(STREAM, act(), district_id=DISTRICT, terms=terms)
    made = payroll.Payroll.fold(None, events)
    assert made is not None
    return made


def test_the_terms_of_a_day_are_the_last_that_hold_by_then() -> None:
    later = paying(since=date(2025, 7, 1))
    first = paid_by(paying())
    both = payroll.Payroll.fold(first, first.set_terms(act(), terms=later))
    assert both is not None
    assert both.terms_on(date(2025, 6, 30)) == (1, paying())
    assert both.terms_on(date(2025, 7, 1)) == (2, later)
    with refused(payroll.PayrollTermsMissingError):
        both.terms_on(date(2024, 6, 30))


def test_the_same_terms_again_change_nothing() -> None:
    with refused(NothingChangesError):
        paid_by(paying()).set_terms(act(), terms=paying())


@pytest.mark.parametrize("policy_id", [None, named("policy")])
def test_a_policy_has_one_pay_code_and_all_others_have_one(policy_id: UUID | None) -> None:
    code = PayCode(policy_id=policy_id, earning_code="MCR", recovery_code="MCA")
    other = PayCode(policy_id=named("other"), earning_code="MCR", recovery_code="MCA")
    assert paid_by(paying(code, other)).versions
    twice = paying(code, code)
    with refused(payroll.PayCodeRepeatedError):
        paid_by(twice)
    with refused(payroll.PayCodeRepeatedError):
        paid_by(paying()).set_terms(act(), terms=twice)
