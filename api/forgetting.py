"""What holding and forgetting need from the views, for the routes and the command line alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from api.edge import Edge
from ledger.aggregates.base import Act
from ledger.aggregates.retention import Retention, Stage, Subject
from ledger.application import Call, Receipt
from ledger.commands import retention
from ledger.commands.merge import merges
from ledger.commands.retention import Forgetting
from ledger.errors import NotFoundError
from ledger.events.enrollment import EvidenceUploaded
from ledger.events.retention import ErasureBegun, ErasureDeferred, ErasureReason
from ledger.rules.retention import Hindrance
from ledger.store import EVERYTHING
from ledger.values import local_date
from projections import batches, employments, payouts
from projections.sql import NO_ID

VIEWS = ("employments", "payouts", "batches")
PAYOUTS_AT_ONCE = 5000
UTC_ZONE = "UTC"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request to forget came to; a resend of it came to the same."""

    receipt: Receipt
    deferred: Hindrance | None


@dataclass(frozen=True, slots=True)
class StandingHold:
    """A hold that nobody has lifted."""

    hold_id: UUID
    reason: str
    authority_id: UUID | None
    placed_by: UUID
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A person or a file that is held, is to be forgotten, or is forgotten."""

    person_id: UUID
    evidence_id: UUID | None
    stage: Stage | None  # null: nobody has asked that it be forgotten
    reason: str | None
    requested_at: datetime | None
    grounds: Sequence[str]
    allowed_from: date | None
    erased_at: datetime | None
    holds: Sequence[StandingHold]


def subject_of_evidence(edge: Edge, evidence_id: UUID, enrollment_id: UUID | None) -> Subject:
    """Whose file it is, also when it is forgotten. Raises NotFoundError.

    `enrollment_id`, where it is given, has to be the file's own.
    """
    known = edge.ledger.find(Retention, Subject(NO_ID, evidence_id).stream)
    subject = known.subject if known else _subject_of_upload(edge, evidence_id)
    if enrollment_id not in {None, subject.enrollment_id}:
        raise NotFoundError(f"there is no evidence {evidence_id} in this enrollment")
    return subject


def _subject_of_upload(edge: Edge, evidence_id: UUID) -> Subject:
    stored = edge.ledger.recorder.find_command(edge.evidence.upload_of(evidence_id))
    for event in map(edge.ledger.mapper.to_domain_event, stored.events if stored else ()):
        if isinstance(event, EvidenceUploaded):
            return Subject(event.person_id, evidence_id, event.originator_id)
    raise NotFoundError(f"no enrollment has evidence {evidence_id}")


def erase(edge: Edge, call: Call, subject: Subject, reason: ErasureReason) -> Outcome:
    """Ask that it be forgotten, and forget it if nothing stands in the way."""
    with_ = forgetting(edge, subject.person_id, call.at)
    receipt = retention.erase(edge.ledger, with_, call, subject=subject, reason=reason)
    if any(isinstance(event, ErasureBegun) for event in receipt.events):
        stands = edge.ledger.get(Retention, subject.stream).erasure
        if stands is None or stands.stage is not Stage.DEFERRED:
            return Outcome(receipt, None)
        # Something came in between after all, and no key was destroyed.
        return Outcome(receipt, Hindrance(stands.grounds, stands.allowed_from))
    deferred = [event for event in receipt.events if isinstance(event, ErasureDeferred)]
    found = [Hindrance(event.grounds, event.allowed_from) for event in deferred]
    return Outcome(receipt, found[-1] if found else None)


def catch_up(edge: Edge) -> None:
    """Wait until the views show all that is in the log, for nothing here can be taken back.

    Raises:
        NotYetVisibleError: they take too long.
    """
    edge.visible(VIEWS, edge.ledger.recorder.last_position())


def forgetting(edge: Edge, person_id: UUID, at: datetime) -> Forgetting:
    """What the views know of her employments and payments, up to the end of the log."""
    catch_up(edge)
    person_id = edge.watch.meant.get(person_id, person_id)  # the views know no other id of hers
    with edge.reading([EVERYTHING]) as connection:  # whoever asks, every payer of hers counts
        held = employments.of_person(connection, person_id)
        owed = payouts.of_person(
            connection,
            person_id,
            effective_on=local_date(at, UTC_ZONE),
            limit=PAYOUTS_AT_ONCE,
        )
        lines = batches.lines_of_person(connection, person_id)
    payable = [one.payable_on for one in owed if one.status != "not_due"]
    paid = [one.paid_on or one.pay_date for one in lines if one.status != "voided"]
    return Forgetting(
        vault=edge.vault,
        eraser=edge.eraser,
        employment_ids=frozenset(one.employment_id for one in held),
        paid_until=max([*payable, *paid], default=None),
    )


def kept(edge: Edge) -> list[Kept]:
    """Everything that is held or was to be forgotten, as the log has it."""
    with edge.reading() as connection:
        found = edge.retentions.read(connection).values()
    shown = [_shown(one) for one in found if one.holds or one.erasure]
    return sorted(shown, key=lambda one: (one.person_id, one.evidence_id or NO_ID))


def kept_of(edge: Edge, subject: Subject) -> Kept:
    """Where one of them stands. Raises NotFoundError where nobody ever asked about it."""
    return _shown(edge.ledger.get(Retention, subject.stream))


def run_retention(edge: Edge, caller_id: UUID, at: datetime) -> Iterator[Kept]:
    """Do what is due: finish what broke off, begin what was deferred and may begin by now.

    What the list beside the root keys says is erased and a restored log does not know is asked for
    again, so that the log tells it once more.
    """
    act = Act(actor_id=caller_id, at=at)
    without_views = Forgetting(edge.vault, edge.eraser)
    entries, meant = edge.eraser.file.entries(), merges(edge.ledger).meant
    for entry in entries.values():
        if meant.get(entry.subject_id) in entries:
            continue  # a record that was merged into hers is forgotten with her, by one request
        if retention.tell_again(edge.ledger, without_views, act, entry.subject):
            yield _shown(edge.ledger.get(Retention, entry.subject.stream))
    with edge.reading() as connection:
        found = edge.retentions.read(connection)
    for one in found.values():
        if one.stage in {Stage.DEFERRED, Stage.BEGUN}:
            with_ = forgetting(edge, one.subject.person_id, at)
            retention.take_up(edge.ledger, with_, act, one.subject)
            yield _shown(edge.ledger.get(Retention, one.id))
    edge.eraser.delete_blobs()


def _shown(one: Retention) -> Kept:
    erasure = one.erasure
    holds = [
        StandingHold(hold_id, hold.reason, hold.authority_id, hold.placed_by, hold.placed_at)
        for hold_id, hold in sorted(one.holds.items())
    ]
    return Kept(
        person_id=one.subject.person_id,
        evidence_id=one.subject.evidence_id,
        stage=one.stage,
        reason=erasure.reason if erasure else None,
        requested_at=erasure.requested_at if erasure else None,
        grounds=list(erasure.grounds) if erasure else [],
        allowed_from=erasure.allowed_from if erasure else None,
        erased_at=erasure.erased_at if erasure else None,
        holds=holds,
    )
