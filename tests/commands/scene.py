"""What commands act on in tests: real streams in a real ledger, set up by the same commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from ledger.aggregates import person as persons
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.merge import MergeTerms
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands import assessor, credential, enrollment, issuer
from ledger.commands.merge import known_merges
from ledger.errors import LedgerError
from ledger.events import LedgerEvent
from ledger.events.credential import Definition
from tests.samples import (
    APPROVER,
    AUTHOR,
    COACH,
    DAY,
    EARNER,
    FIRST,
    MET,
    MONDAY,
    NOT_MET,
    OPERATOR,
    OTHER_APPROVER,
    SECOND,
    STRANGER,
    THIRD,
    TOLD,
    ZONE,
    artifact,
    artifacts,
    definition,
    issuer_terms,
    named,
)

PEOPLE = (EARNER, FIRST, SECOND, THIRD, COACH, STRANGER, APPROVER, OTHER_APPROVER)


def _these(events: Sequence[LedgerEvent], _read: Reader) -> Sequence[LedgerEvent]:
    return events


def _merging(call: Call, terms: MergeTerms, read: Reader) -> Sequence[LedgerEvent]:
    return known_merges(read).merge(call.act, terms)


class InterruptedLedger(Ledger):
    """A ledger on which something happens, once, at the worst moment of a command."""

    before_reading: Callable[[], object] | None = None  # it was looked up and not found
    before_appending: Callable[[], object] | None = None  # it has decided on what it read

    def find(self, kind: Any, stream: UUID) -> Any:
        happens, self.before_reading = self.before_reading, None
        if happens is not None:
            happens()
        return super().find(kind, stream)

    def append(self, *decided: Any) -> Any:
        happens, self.before_appending = self.before_appending, None
        if happens is not None:
            happens()
        return super().append(*decided)


class Scene:
    """A vetted issuer, a published micro-credential, registered people, founding assessors."""

    def __init__(self, ledger: Ledger, asks: Definition | None = None) -> None:
        self.ledger = ledger
        self.at: datetime = MONDAY
        for person in PEOPLE:
            self.registers(person)
        self.issuer_id = self.run(
            issuer.register_issuer, OPERATOR, name="Lakeshore", zone=ZONE, terms=issuer_terms()
        ).stream
        self.run(
            issuer.record_issuer_vetting,
            OPERATOR,
            issuer_id=self.issuer_id,
            standard="Standards",
            components_met=29,
            components_total=29,
        )
        self.credential_id = self.publishes(asks or definition())
        for person in (FIRST, SECOND, THIRD, STRANGER):
            self.appoints(person)

    def call(self, actor_id: UUID = OPERATOR, **changes: Any) -> Call:
        call = Call(caller_id=actor_id, command_id=uuid4(), body_hash=b"\x01" * 32, at=self.at)
        return replace(call, **changes)

    def run(self, command: Callable[..., Receipt], actor_id: UUID, **fields: Any) -> Receipt:
        return command(self.ledger, self.call(actor_id), **fields)

    @property
    def position(self) -> int:
        """Of the newest event in the log."""
        return self.ledger.recorder.max_notification_id() or 0

    def refuses(
        self, error: type[LedgerError], command: Callable[..., Receipt], by: UUID, **fields: Any
    ) -> LedgerError:
        """The refusal of a command, which has stored nothing."""
        before = self.position
        with pytest.raises(error) as refused:
            self.run(command, by, **fields)
        assert type(refused.value) is error
        assert self.position == before
        return refused.value

    def registers(self, person_id: UUID) -> None:
        call = self.call(person_id)
        self.ledger.run(call, partial(_these, persons.register(person_id, call.act)))

    def merges(self, person_id: UUID, other_id: UUID) -> None:
        """Two operators have found both records to be of one person."""
        terms = MergeTerms(person_id, other_id, "duplicate_account")
        for operator in (OPERATOR, named("another operator")):
            call = self.call(operator)
            self.ledger.run(call, partial(_merging, call, terms))

    def later(self, days: int) -> None:
        self.at += days * DAY

    def publishes(self, asks: Definition) -> UUID:
        drafted = self.run(
            credential.draft_credential,
            OPERATOR,
            issuer_id=self.issuer_id,
            definition=asks,
            author_id=AUTHOR,
        )
        self.run(credential.publish_credential, APPROVER, credential_id=drafted.stream)
        return drafted.stream

    def appoints(self, person_id: UUID) -> Receipt:
        return self.run(
            assessor.appoint_assessor,
            APPROVER,
            person_id=person_id,
            credential_id=self.credential_id,
            reason="founder",
        )

    def enrolls(self, person_id: UUID = EARNER, **fields: Any) -> UUID:
        return self.run(
            enrollment.enroll,
            person_id,
            person_id=person_id,
            credential_id=self.credential_id,
            **fields,
        ).stream

    def submits(self, enrollment_id: UUID) -> Receipt:
        """Hand in; what is asked for is uploaded before the first attempt."""
        state = self.state(enrollment_id)
        for file in () if state.artifacts else artifacts():
            self.run(
                enrollment.upload_evidence,
                state.person_id,
                enrollment_id=enrollment_id,
                artifact=file,
            )
        return self.run(
            enrollment.submit,
            state.person_id,
            enrollment_id=enrollment_id,
            integrity_attested=True,
        )

    def assigns(self, enrollment_id: UUID, *assessor_ids: UUID) -> None:
        for assessor_id in assessor_ids or (FIRST, SECOND):
            self.run(
                enrollment.assign_assessor,
                APPROVER,
                enrollment_id=enrollment_id,
                assessor_id=assessor_id,
            )

    def scores(self, enrollment_id: UUID, by: UUID, levels: Mapping[str, str]) -> Receipt:
        return self.run(enrollment.score, by, enrollment_id=enrollment_id, levels=levels)

    def decides(self, enrollment_id: UUID, decision: str, **fields: Any) -> Receipt:
        return self.run(
            enrollment.decide_review,
            APPROVER,
            enrollment_id=enrollment_id,
            decision=decision,
            **{"remarks": TOLD if decision == "not_yet" else {}, **fields},
        )

    def recommended(
        self,
        person_id: UUID = EARNER,
        levels: Mapping[str, str] = MET,
        assessors: Sequence[UUID] = (FIRST, SECOND),
    ) -> UUID:
        """An enrollment whose first attempt two assessors have scored alike."""
        enrollment_id = self.enrolls(person_id)
        self.submits(enrollment_id)
        self.assigns(enrollment_id, *assessors)
        for assessor_id in assessors:
            self.scores(enrollment_id, assessor_id, levels)
        return enrollment_id

    def awarded(self, person_id: UUID = EARNER) -> UUID:
        enrollment_id = self.recommended(person_id)
        self.decides(enrollment_id, "award")
        return enrollment_id

    def failed(self) -> UUID:
        enrollment_id = self.recommended(levels=NOT_MET)
        self.decides(enrollment_id, "not_yet")
        return enrollment_id

    def state(self, enrollment_id: UUID) -> Enrollment:
        return self.ledger.get(Enrollment, enrollment_id)


EXTRA = artifact("extra")
