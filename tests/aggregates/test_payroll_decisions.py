"""What people decide about an entitlement, an address that is told, an opening file, old files."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from ledger.aggregates import opening, payroll_retention, webhook
from ledger.aggregates.entitlement import Entitlement, LineSettledError, NotHeldError
from ledger.aggregates.opening import OpeningFile, OpeningTotals
from ledger.aggregates.payroll_retention import PayrollRetention, payroll_retention_stream
from ledger.aggregates.seal_keys import SecondPersonError
from ledger.aggregates.webhook import Webhook, WebhookAddressError
from ledger.errors import LedgerError, NothingChangesError
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
        prepared.confirm(act(named("first")))
    confirmed = OpeningFile.fold(prepared, prepared.confirm(act(named("second"))))
    assert confirmed is not None
    assert confirmed.confirmed_by == named("second")
    with refused(NothingChangesError):
        confirmed.confirm(act(named("third")))


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
