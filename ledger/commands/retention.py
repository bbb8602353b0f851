"""Commands that hold and forget. An erasure goes on in steps, each of which may be the last one.

    asked for, and begun where nothing stands in the way   one command, one or two events
    looked at once more, for whoever was hired meanwhile   else deferred again
    written into the file beside the root keys             so that no backup brings it back
    keys, rows and blobs destroyed
    confirmed                                              one event

Killed between any two of them, it is taken up by the same request sent again, or by
`mcledger retention run`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from ledger.aggregates import retention as retentions
from ledger.aggregates.base import Act
from ledger.aggregates.employment import Employment
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.enrollment_state import Appeal, Status
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.person import Person
from ledger.aggregates.retention import AT_ONCE, Retention, Stage, Subject
from ledger.application import Call, Decide, Ledger, Reader, Receipt
from ledger.commands.employment import employment_stream
from ledger.commands.merge import known_merges, merges
from ledger.erasure import Destroyed, Entry, Eraser
from ledger.errors import NothingChangesError
from ledger.events import AnyRetentionEvent
from ledger.events.retention import ErasureReason, HoldReason, LiftReason
from ledger.rules.retention import (
    NOTHING,
    Employed,
    Hindrance,
    evidence_hindrance,
    person_hindrance,
    with_hold,
)
from ledger.values import local_date, stream_id
from ledger.vault import Vault

UNDER_REVIEW = frozenset({Status.IN_REVIEW, Status.RECOMMENDED, Status.HELD})
NO_ZONE = "UTC"  # of somebody who never worked anywhere


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What forgetting needs beside the ledger."""

    vault: Vault
    eraser: Eraser
    # As the views have it. What the vault knows of positions comes on top, for views may be late;
    # and a vault that was restored may have lost some.
    employment_ids: frozenset[UUID] = frozenset()
    paid_until: date | None = None  # the last day on which anything was or will be payable to her


def place_hold(
    ledger: Ledger,
    call: Call,
    *,
    subject: Subject,
    reason: HoldReason,
    authority_id: UUID | None,
) -> Receipt:
    """Let nothing of it be destroyed until the hold is lifted; its id is that of the command."""

    def decide(read: Reader) -> Sequence[AnyRetentionEvent]:
        read.get(Person, subject.person_id)
        of_person = read.find(Retention, Subject(subject.person_id).stream)
        if of_person is not None:  # whose key opens her files as well
            of_person.must_not_be_destroying()
        return retentions.place_hold(
            read.find(Retention, subject.stream),
            subject,
            call.act,
            hold_id=call.command_id,
            reason=reason,
            authority_id=authority_id,
        )

    return ledger.run(call, decide)


def lift_hold(
    ledger: Ledger, call: Call, *, subject: Subject, hold_id: UUID, reason: LiftReason
) -> Receipt:
    """End one hold; others may still stand."""
    return ledger.run(
        call,
        lambda read: read.get(Retention, subject.stream).lift_hold(
            call.act, hold_id=hold_id, reason=reason
        ),
    )


def withdraw_erasure(ledger: Ledger, call: Call, *, subject: Subject) -> Receipt:
    """Take a request back that has not begun."""
    return ledger.run(call, lambda read: read.get(Retention, subject.stream).withdraw(call.act))


def erase(
    ledger: Ledger, with_: Forgetting, call: Call, *, subject: Subject, reason: ErasureReason
) -> Receipt:
    """Ask that somebody, or a file, be forgotten; and forget, if nothing stands in the way.

    Raises:
        NothingChangesError: it is forgotten already, or waits on the same grounds as before.
    """

    def decide(read: Reader) -> Sequence[AnyRetentionEvent]:
        read.get(Person, subject.person_id)
        known = read.find(Retention, subject.stream)
        stands = retentions.standing_reason(known, reason)
        hindrance, zone = _hindrance(read, with_, subject, stands, call.act)
        return retentions.request(
            known, subject, call.act, reason=reason, hindrance=hindrance, zone=zone
        )

    try:
        receipt = ledger.run(call, decide)
    except NothingChangesError:
        finished = carry_on(ledger, with_, call.act, subject)
        if finished is None:
            raise
        return finished
    carry_on(ledger, with_, call.act, subject)
    return receipt


def take_up(ledger: Ledger, with_: Forgetting, act: Act, subject: Subject) -> Stage | None:
    """Begin what may begin by now, finish what was begun; where it stands then."""
    known = ledger.get(Retention, subject.stream)
    if known.stage is Stage.DEFERRED:
        call = _own_call(with_.vault, act, subject, "go-on", known.version)

        def decide(read: Reader) -> Sequence[AnyRetentionEvent]:
            retention = read.get(Retention, subject.stream)
            assert retention.erasure is not None, "what is deferred was asked for"
            reason = retention.erasure.reason
            hindrance, zone = _hindrance(read, with_, subject, reason, act)
            return retention.go_on(act, hindrance, zone)

        try:
            ledger.run(call, decide)
        except NothingChangesError:
            return known.stage
    carry_on(ledger, with_, act, subject)
    return ledger.get(Retention, subject.stream).stage


def tell_again(ledger: Ledger, with_: Forgetting, act: Act, subject: Subject) -> bool:
    """Let a restored log know what was erased before; whether it had forgotten that."""
    known = ledger.find(Retention, subject.stream)
    if ledger.find(Person, subject.person_id) is None or (known and known.destroying):
        return False

    def decide(read: Reader) -> Sequence[AnyRetentionEvent]:
        return retentions.request(
            read.find(Retention, subject.stream),
            subject,
            act,
            reason="erased-before-restore",
            hindrance=NOTHING,
            zone=NO_ZONE,
        )

    call = _own_call(with_.vault, act, subject, "tell-again", known.version if known else 0)
    _finish(ledger, call, decide)
    return carry_on(ledger, with_, act, subject) is not None


def carry_on(ledger: Ledger, with_: Forgetting, act: Act, subject: Subject) -> Receipt | None:
    """Finish what was begun; null where nothing was. Any number may do so at once."""
    known = ledger.find(Retention, subject.stream)
    if known is None or known.erasure is None or known.stage is not Stage.BEGUN:
        return None
    hindrance, zone = NOTHING, NO_ZONE
    if not with_.vault.erased([subject.id]):
        # Whoever was hired beside the decision was so before it was stored: now it shows.
        hindrance, zone = _hindrance(Reader(ledger), with_, subject, known.erasure.reason, act)
    call = _own_call(with_.vault, act, subject, "carry-on", known.version)
    if hindrance:
        return _finish(
            ledger,
            call,
            lambda read: read.get(Retention, subject.stream).go_on(act, hindrance, zone),
        )
    if subject.evidence_id is not None:
        destroyed = with_.eraser.destroy_evidence(subject)
    else:
        ids = [*merges(ledger).ids_of(subject.person_id), subject.person_id]  # hers comes last
        destroyed = Destroyed.together(
            with_.eraser.destroy_person(one, numbers_in_log(ledger, one)) for one in ids
        )
    with_.eraser.delete_blobs()
    return _finish(
        ledger,
        call,
        lambda read: read.get(Retention, subject.stream).confirm(act, **destroyed._asdict()),
    )


def forget_again(
    ledger: Ledger,
    vault: Vault,
    eraser: Eraser,
    logged: Iterable[Entry],
    payroll_file_ids: Collection[UUID] = (),
) -> int:
    """Let a vault that an older copy replaced forget what was erased; closed until it has.

    Args:
        ledger: Knows which numbers led to whom.
        vault: Is opened at the end, unless something goes wrong.
        eraser: Keeps the list outside the database, which is brought up to the log as well.
        logged: What the log says is erased.
        payroll_file_ids: The payroll files that the log says are destroyed.

    Returns:
        How many persons and files had come back.
    """
    entries = eraser.file.entries()
    gone = {entry.subject_id: entry for entry in logged}
    meant = merges(ledger).meant.items()
    gone |= {one: Entry(Subject(one)) for one, person_id in meant if person_id in gone}
    for entry in gone.values():
        if entry.subject_id not in entries:
            person_id = None if entry.subject.evidence_id else entry.subject.person_id
            hmacs = numbers_in_log(ledger, person_id) if person_id else []
            entries[entry.subject_id] = replace(entry, tombstones=tuple(sorted(hmacs)))
    eraser.file.add(entries.values())
    remembered = eraser.remembered(entries.values())
    files = eraser.remembered_payroll_files(payroll_file_ids)
    if remembered or files:
        vault.gate.closed = True
    for entry in remembered:
        eraser.destroy(entry)
    if files:
        eraser.destroy_payroll_files(files)
    vault.gate.closed = False
    return len(remembered) + len(files)


def numbers_in_log(ledger: Ledger, person_id: UUID) -> list[bytes]:
    """The digests of numbers that lead to a person by the log."""
    person = ledger.find(Person, person_id)
    hmacs = person.identity_hmacs if person else ()
    return [bytes.fromhex(hmac.removeprefix("hmac-sha256:")) for hmac in hmacs]


def _finish(ledger: Ledger, call: Call, decide: Decide) -> Receipt | None:
    try:
        return ledger.run(call, decide)
    except NothingChangesError:
        return None  # somebody else was faster


def _own_call(vault: Vault, act: Act, subject: Subject, step: str, version: int) -> Call:
    """A step that follows from a request happens once, whoever takes it."""
    command_id = stream_id("retention-step", subject.stream, step, version)
    return Call(
        caller_id=act.actor_id,
        command_id=command_id,
        body_hash=vault.body_hash(command_id.bytes),
        at=act.at,
    )


def _hindrance(
    read: Reader, with_: Forgetting, subject: Subject, reason: ErasureReason, act: Act
) -> tuple[Hindrance, str]:
    """What stands in the way now, and in which zone its days are days."""
    if subject.evidence_id is not None:
        hindrance, zone = _evidence_hindrance(read, subject, reason, act)
    else:
        hindrance, zone = _person_hindrance(read, with_, subject, act)
    ids = _ids(read, subject)
    streams = {subject.stream, *(Subject(one).stream for one in ids)}
    if subject.evidence_id is None:  # her key opens all of her files: none of them outlives it
        files = with_.vault.evidence_of(ids)
        streams |= {Subject(subject.person_id, one).stream for one in files}
    known = [read.find(Retention, stream) for stream in sorted(streams)]
    if any(one.holds for one in known if one):
        return with_hold(hindrance), zone
    return hindrance, zone


def _person_hindrance(
    read: Reader, with_: Forgetting, subject: Subject, act: Act
) -> tuple[Hindrance, str]:
    positions = [
        one for id_ in _ids(read, subject) for one in with_.vault.positions_everywhere(id_)
    ]
    streams = {employment_stream(district_id, one) for district_id, one in positions}
    found = [read.find(Employment, stream) for stream in streams | with_.employment_ids]
    held = [one for one in found if one is not None and not one.never_held]
    zone = max(held, key=lambda one: one.first_day).zone if held else NO_ZONE
    spans = [Employed(one.first_day, one.last_day) for one in held]
    today = local_date(act.at, zone)
    return person_hindrance(spans, paid_until=with_.paid_until, today=today), zone


def _ids(read: Reader, subject: Subject) -> list[UUID]:
    """Every id by which a person is known, whichever of her records was merged into which."""
    return known_merges(read).every_id_of(subject.person_id)


def _evidence_hindrance(
    read: Reader, subject: Subject, reason: ErasureReason, act: Act
) -> tuple[Hindrance, str]:
    if subject.enrollment_id is None:
        return NOTHING, NO_ZONE
    enrollment = read.get(Enrollment, subject.enrollment_id)
    issuer = read.get(Issuer, enrollment.issuer_id)
    if reason in AT_ONCE or subject.evidence_id not in enrollment.submitted_ids:
        return NOTHING, issuer.zone
    possible_until = None
    if enrollment.appeal is Appeal.POSSIBLE:
        possible_until = enrollment.appeal_possible_until(issuer)
    hindrance = evidence_hindrance(
        reviewed=enrollment.status in UNDER_REVIEW or enrollment.appeal is Appeal.OPEN,
        appeal_possible_until=possible_until,
        today=issuer.today(act.at),
    )
    return hindrance, issuer.zone
