"""Commands on notices of pay: somebody of HR signs that she has acted on one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from ledger.aggregates.organization import Organization
from ledger.aggregates.pay_notice import PayNotice, Span
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.events import AnyPayNoticeEvent
from ledger.values import local_date, stream_id


def sign_pay_notice(
    ledger: Ledger,
    call: Call,
    *,
    district_id: UUID,
    person_id: UUID,
    entitlement_id: UUID,
    said: Span,
    acted_on: date,
) -> Receipt:
    """Say that a notice was acted on as it stood. Raises ActedOnLaterError, NothingChangesError."""

    def decide(read: Reader) -> Sequence[AnyPayNoticeEvent]:
        return _of(read, entitlement_id).sign(
            call.act,
            district_id=district_id,
            person_id=person_id,
            entitlement_id=entitlement_id,
            said=said,
            acted_on=acted_on,
            today=local_date(call.at, read.get(Organization, district_id).zone),
        )

    return ledger.run(call, decide)


def reopen_pay_notice(
    ledger: Ledger, call: Call, *, district_id: UUID, person_id: UUID, entitlement_id: UUID
) -> Receipt:
    """Say that a notice was signed in error. Raises NothingChangesError."""
    about = {"district_id": district_id, "person_id": person_id, "entitlement_id": entitlement_id}
    return ledger.run(call, lambda read: _of(read, entitlement_id).reopen(call.act, **about))


def _of(read: Reader, entitlement_id: UUID) -> PayNotice:
    stream = stream_id("pay-notice", entitlement_id)
    return read.find(PayNotice, stream) or PayNotice(id=stream, version=0)
