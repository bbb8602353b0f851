"""Imports a district's opening records, once two people have vouched for the same file.

The first who sends a file prepares it, and nothing else happens. When another sends the very same
file its records go into the log in groups, between ImportStarted and ImportCompleted, each under a
command id that follows from file and row: a run that broke off is resumed by sending it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from api.imports.flaws import Flaws
from api.imports.opening_rows import LAYOUT, OpeningRow, OpeningText, read_opening
from ledger.aggregates.access import Access
from ledger.aggregates.base import Act, first_header
from ledger.aggregates.imports import Import, ImportCounts, start_run
from ledger.aggregates.opening import OpeningFile, OpeningTotals, prepare
from ledger.aggregates.organization import Organization
from ledger.aggregates.policy import Policy
from ledger.application import Call, Ledger
from ledger.commands.access import access_stream
from ledger.commands.merge import known_merges
from ledger.errors import ForbiddenError
from ledger.events.opening import OpeningPayment, OpeningRecorded
from ledger.store.command import Command, CommandStored
from ledger.values import stream_id
from ledger.vault import Vault

STEPS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class OpeningReport:
    """How far a file has come: prepared by one, or confirmed by another and recorded."""

    district_id: UUID
    import_id: UUID
    rows: int
    amount_cents: int
    units_hundredths: int
    prepared_by: UUID
    confirmed_by: UUID | None  # null: it waits for a second person


def import_opening(
    ledger: Ledger, vault: Vault, path: Path, *, caller_id: UUID, at: datetime
) -> OpeningReport:
    """Prepare a file, or confirm and record one that somebody else has prepared.

    Raises:
        FileRefusedError: with every flaw found; nothing was stored.
        SecondPersonError: whoever has prepared it cannot confirm it.
        ForbiddenError: the caller acts neither for the district nor as an operator.
    """
    flaws = Flaws()
    text = read_opening(path, flaws)
    _must_act_for(ledger, caller_id, text.district_id)
    district = ledger.get(Organization, text.district_id)
    district.must_be_district()
    persons = _persons(vault, path.name, text, flaws)
    _check_policies(ledger, path.name, text, flaws)
    flaws.refuse_if_any()
    digest = vault.hashes.start("file")
    digest.update(path.read_bytes())
    file_hmac = f"hmac-sha256:{digest.hexdigest()}"
    totals = OpeningTotals(
        text.district_id,
        file_hmac,
        text.as_of,
        len(text.rows),
        text.amount_cents,
        text.units_hundredths,
    )
    act = Act(actor_id=caller_id, at=at)
    run = _Run(ledger, vault, totals, act, district.zone)
    return run.go(text.rows, persons)


def _must_act_for(ledger: Ledger, caller_id: UUID, district_id: UUID) -> None:
    access = ledger.find(Access, access_stream(caller_id))
    if access is None or not (
        access.allows("operator", None) or access.allows("district", district_id)
    ):
        raise ForbiddenError("this is for the district's staff office, or for operators")


def _persons(vault: Vault, file: str, text: OpeningText, flaws: Flaws) -> dict[int, UUID]:
    """Whose record each row is. A number that was given to somebody else by now joins nobody."""
    found: dict[int, UUID] = {}
    for source in {one.source for one in text.rows}:
        numbers = [one.source_id for one in text.rows if one.source == source]
        known = vault.find_ids(source, text.district_id, numbers)
        details = vault.get_details(set(known.values()), text.district_id)
        for one in text.rows:
            if one.source != source:
                continue
            person_id = known.get(one.source_id)
            if person_id is None:
                message = "expected a number that leads to a person of the district"
                flaws.add(file, "person-unknown", message, row=one.row, column="source_id")
                continue
            found[one.row] = person_id
            name = details[person_id].family_name if person_id in details else ""
            if name.casefold() != one.family_name.casefold():
                message = "expected the name of whom the number leads to; was it given again?"
                flaws.add(file, "name-differs", message, row=one.row, column="family_name")
    return found


def _check_policies(ledger: Ledger, file: str, text: OpeningText, flaws: Flaws) -> None:
    named = [
        (one.row, one.entry.policy_id) for one in text.rows if isinstance(one.entry, OpeningPayment)
    ]
    known = ledger.find_many(Policy, {policy_id for _, policy_id in named})
    for row, policy_id in named:
        policy = known.get(policy_id)
        if policy is None or policy.district_id != text.district_id:
            message = "expected a policy of the district"
            flaws.add(file, "policy-unknown", message, row=row, column="policy_id")


@dataclass(frozen=True)
class _Run:
    """One sending of a file that is in order."""

    ledger: Ledger
    vault: Vault
    totals: OpeningTotals
    act: Act
    zone: str

    @property
    def stream(self) -> UUID:
        return stream_id("opening-file", self.totals.district_id, self.totals.file_hmac)

    @property
    def import_id(self) -> UUID:
        return stream_id("import", self.totals.district_id, self.totals.file_hmac)

    def go(self, rows: Sequence[OpeningRow], persons: dict[int, UUID]) -> OpeningReport:
        known = self.ledger.find(OpeningFile, self.stream)
        if known is None:
            opened = prepare(self.stream, self.act, self.totals)
            self.ledger.run(self._call("prepare"), lambda _: opened)
        elif known.confirmed_by is None:
            self.ledger.run(
                self._call("confirm", self.act.actor_id),
                lambda read: read.get(OpeningFile, self.stream).confirm(
                    self.act, meant=known_merges(read).person_of
                ),
            )
        opening = self.ledger.get(OpeningFile, self.stream)
        if opening.confirmed_by is not None:
            self._record(opening, rows, persons)
        return OpeningReport(
            self.totals.district_id,
            self.import_id,
            len(rows),
            self.totals.amount_cents,
            self.totals.units_hundredths,
            opening.prepared_by,
            opening.confirmed_by,
        )

    def _record(
        self, opening: OpeningFile, rows: Sequence[OpeningRow], persons: dict[int, UUID]
    ) -> None:
        begun = self.ledger.find(Import, self.import_id)
        if begun is not None and begun.completed:
            return
        if begun is None:
            started = start_run(
                None,
                self.import_id,
                self.act,
                district_id=self.totals.district_id,
                mode="bulk",
                file_format=LAYOUT,
                file_hmac=self.totals.file_hmac,
                rows=len(rows),
            )
            self.ledger.run(self._call("start"), lambda _: started)
        for start in range(0, len(rows), STEPS_AT_ONCE):
            part = rows[start : start + STEPS_AT_ONCE]
            self._append([self._command(opening, one, persons[one.row]) for one in part])
        self.ledger.run(
            self._call("complete"),
            lambda read: read.get(Import, self.import_id).complete(self.act, ImportCounts()),
        )

    def _command(self, opening: OpeningFile, one: OpeningRow, person_id: UUID) -> Command:
        assert opening.confirmed_by is not None, "nothing is recorded of a file before that"
        command_id = stream_id("opening-row", self.stream, one.row)
        event = OpeningRecorded(
            **first_header(stream_id("opening", self.stream, one.row), self.act),
            person_id=person_id,
            district_id=self.totals.district_id,
            import_id=self.stream,
            as_of=self.totals.as_of,
            zone=self.zone,
            prepared_by=opening.prepared_by,
            confirmed_by=opening.confirmed_by,
            entry=one.entry,
        )
        stored = [self.ledger.mapper.to_stored_event(event)]
        return Command(stored, command_id, self.vault.body_hash(command_id.bytes))

    def _append(self, commands: Iterable[Command]) -> None:
        """Append a group. What is in the log already is as good as appended."""
        sent = list(commands)
        self.ledger.recorder.append_all(sent)
        for one in sent:
            if isinstance(one.outcome, Exception) and not isinstance(one.outcome, CommandStored):
                raise one.outcome

    def _call(self, *name: str | UUID) -> Call:
        command_id = stream_id("opening-step", self.stream, *name)
        body_hash = self.vault.body_hash(command_id.bytes)
        return Call(self.act.actor_id, command_id, body_hash, self.act.at)
