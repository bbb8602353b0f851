"""Imports a OneRoster 1.2 roster: checked whole, then appended in groups, and resumed if it broke.

What is in the log decides what is still to do, so the same file again adds nothing and a changed
one its differences only. Every row is a command of its own, whose id follows from file and row.

`roles.endDate` is the last day on which a role is held. A bulk file ends what it leaves out as of
the day before the import, in the district's zone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID
from zoneinfo import available_timezones

from api.imports.flaws import Flaws
from api.imports.oneroster_district import District, find_district
from api.imports.oneroster_plan import (
    ORGANIZATIONS,
    SOURCE,
    TERMS,
    PersonStep,
    Plan,
    SkippedRow,
    Step,
    make_plan,
)
from api.imports.oneroster_rows import Roster, read_roster
from ledger.aggregates import person as persons
from ledger.aggregates.base import Act
from ledger.aggregates.imports import Import, ImportCounts, ImportOvertakenError, start_run
from ledger.aggregates.person import Person
from ledger.application import Call, Ledger, Reader
from ledger.commands.person import details_pointer
from ledger.errors import InvalidError, RuleError
from ledger.events import AnyImportEvent, AnyPersonEvent, LedgerEvent
from ledger.events.employment import (
    EmploymentChanged,
    EmploymentEnded,
    EmploymentReopened,
    EmploymentStarted,
)
from ledger.events.person import PersonRegistered
from ledger.store.command import Command, CommandStored, StreamMoved
from ledger.values import VaultText, local_date, stream_id
from ledger.vault import DetailsPointer, Vault

FORMAT = "oneroster-1.2"
ROWS_MAX = 1_000_000
STEPS_AT_ONCE = 500
IDS_AT_ONCE = 5_000
READ_BYTES = 1024 * 1024
ENDINGS_PERCENT_MAX = 5  # of the positions held; a file that ends more is probably cut short
Progress = Callable[[int, int], None]  # steps done, steps in all
Some = TypeVar("Some")


class ZoneUnknownError(InvalidError):
    """This is no time zone."""

    slug = "zone-unknown"


class TooManyEndingsError(RuleError):
    """The file would end more employments than a file may without being asked about it."""

    slug = "too-many-endings"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import came to."""

    district_id: UUID
    import_id: UUID
    mode: str
    rows: int
    counts: ImportCounts
    position: int | None  # of the import's completion; null when there was nothing to add
    skipped: Mapping[str, int]  # rows of roles that are none of staff, by role
    skipped_rows: Sequence[SkippedRow]  # of persons who were erased


def import_oneroster(
    ledger: Ledger,
    vault: Vault,
    path: Path,
    *,
    caller_id: UUID,
    zone: str,
    at: datetime,
    district_id: UUID | None = None,
    allow_endings: int = 0,
    progress: Progress = lambda _done, _total: None,
) -> ImportReport:
    """Bring the ledger up to what a OneRoster zip says.

    Args:
        ledger: Where the events go.
        vault: Where names and numbers go, before them.
        path: The zip.
        caller_id: Who imports.
        zone: In which the district's days begin.
        at: The time it is, by the ledger's clock.
        district_id: Import into this district; else the file's own id for it decides.
        allow_endings: So many employments may end, however many percent that are.
        progress: Called after each group with the steps done and all there are.

    Raises:
        FileRefusedError: with every flaw found; nothing was stored.
        TooManyEndingsError: says how many; nothing was stored.
        ImportOvertakenError: run it again, it goes on where it stopped.
    """
    if zone not in available_timezones():
        raise ZoneUnknownError("the zone is a name of the IANA database, as in America/Chicago")
    flaws = Flaws()
    roster = read_roster(path, flaws)
    if roster.rows > ROWS_MAX:
        flaws.add(path.name, "too-many-rows", f"has more than {ROWS_MAX:,} rows")
    district = find_district(ledger, roster, flaws, zone=zone, district_id=district_id)
    act = Act(actor_id=caller_id, at=at)
    plan = make_plan(ledger, vault, roster, district, flaws, act=act, today=local_date(at, zone))
    flaws.refuse_if_any()
    run = _Run(
        ledger=ledger,
        vault=vault,
        roster=roster,
        district=district,
        plan=plan,
        act=act,
        file_hmac=_file_hmac(vault, path),
    )
    return run.go(allow_endings=allow_endings, progress=progress)


def _file_hmac(vault: Vault, path: Path) -> str:
    """By what the file is known: keyed, for it is full of names."""
    digest = vault.hashes.start("file")
    with path.open("rb") as file:
        while piece := file.read(READ_BYTES):
            digest.update(piece)
    return f"hmac-sha256:{digest.hexdigest()}"


@dataclass(kw_only=True)
class _Run:
    """One run of an import, from its start in the log to its completion."""

    ledger: Ledger
    vault: Vault
    roster: Roster
    district: District
    plan: Plan
    act: Act
    file_hmac: str

    def __post_init__(self) -> None:
        self.import_id = stream_id("import", self.district.id, self.file_hmac)
        self.earlier = self.ledger.find(Import, self.import_id)
        self.resumes = self.earlier is not None and not self.earlier.completed
        begun = self.earlier.runs if self.earlier else 0
        self.number = begun if self.resumes else begun + 1

    def go(self, *, allow_endings: int, progress: Progress) -> ImportReport:
        if self.earlier and self.earlier.completed and not self.plan.steps:
            return self._report(ImportCounts(rows_unchanged=self.roster.rows), None)
        if not self.resumes:
            self._check_endings(allow_endings)
            self.ledger.run(self._call("start"), self._start)
        self.vault.add_ids(ORGANIZATIONS, self.district.id, self.plan.organization_ids)
        done = 0
        for commands in self._groups():
            self._append(commands)
            done += len(commands)
            progress(done, self.plan.steps)
        if self.resumes:
            self._point_all()
        counts = self._count()
        receipt = self.ledger.run(
            self._call("complete"),
            lambda read: read.get(Import, self.import_id).complete(self.act, counts),
        )
        return self._report(counts, receipt.position)

    def _check_endings(self, allowed: int) -> None:
        ending, active = self.plan.active_ending, self.plan.active_before
        limit = max(allowed, active * ENDINGS_PERCENT_MAX // 100)
        if self.roster.mode == "bulk" and ending > limit:
            raise TooManyEndingsError(
                f"the file would end {ending} of {active} employments, and without being asked a"
                f" file may end {limit}; if it is complete, allow {ending} endings",
                endings=ending,
                employments=active,
            )

    def _start(self, read: Reader) -> Sequence[AnyImportEvent]:
        return start_run(
            read.find(Import, self.import_id),
            self.import_id,
            self.act,
            district_id=self.district.id,
            mode=self.roster.mode,
            file_format=FORMAT,
            file_hmac=self.file_hmac,
            rows=self.roster.rows,
        )

    def _groups(self) -> Iterator[list[Command]]:
        """Commands in their order. What is personal is in the vault before its group is given."""
        for organizations in _parts(self.plan.organizations, STEPS_AT_ONCE):
            yield [self._step_command(step) for step in organizations]
        for people in _parts(self.plan.persons, STEPS_AT_ONCE):
            commands, pointers = self._person_commands(people)
            yield commands
            self.vault.point_details(pointers)
        for employments in _parts(self.plan.employments, STEPS_AT_ONCE):
            begun = [position for step in employments for position in step.positions]
            self.vault.add_positions(SOURCE, self.district.id, begun)
            yield [self._step_command(step) for step in employments]

    def _person_commands(
        self, steps: Sequence[PersonStep]
    ) -> tuple[list[Command], list[DetailsPointer]]:
        new = {step.source_id: step.person_id for step in steps if step.known is None}
        self.vault.add_ids(SOURCE, self.district.id, new)
        if self.vault.find_ids(SOURCE, self.district.id, list(new)) != new:
            raise ImportOvertakenError
        details = {step.person_id: step.details for step in steps}
        stored = self.vault.put_many_details(self.district.id, details)
        commands, pointers = [], []
        for step in steps:
            events = self._person_events(step, stored[step.person_id])
            commands.append(self._command("users.csv", step.row, events))
            version = events[-1].originator_version
            text_id = stored[step.person_id].text_id
            pointers.append(DetailsPointer(step.person_id, self.district.id, text_id, version))
        return commands, pointers

    def _person_events(self, step: PersonStep, details: VaultText) -> list[AnyPersonEvent]:
        act = self.act
        if step.known is not None:
            return [*step.known.record_details(act, district_id=self.district.id, details=details)]
        events = [*persons.register(step.person_id, act)]
        registered = Person.fold(None, events)
        assert registered is not None, "who was registered is there"
        hmac = self.vault.identity_hmac(SOURCE, self.district.id, step.source_id)
        events += registered.link_identity(
            act, source=SOURCE, district_id=self.district.id, identity_hmac=hmac
        )
        linked = Person.fold(registered, events[1:])
        assert linked is not None, "folding forgets nobody"
        recorded = linked.record_details(act, district_id=self.district.id, details=details)
        return [*events, *recorded]

    def _step_command(self, step: Step) -> Command:
        return self._command(step.file, step.key, step.events)

    def _command(self, file: str, key: int | str, events: Sequence[LedgerEvent]) -> Command:
        command_id = self._command_id(file, key)
        stored = [self.ledger.mapper.to_stored_event(event) for event in events]
        return Command(stored, command_id, self.vault.body_hash(command_id.bytes))

    def _append(self, commands: list[Command]) -> None:
        """Append a group. What is in the log already is as good as appended."""
        self.ledger.recorder.append_all(commands)
        for command in commands:
            if isinstance(command.outcome, StreamMoved):
                raise ImportOvertakenError
            if isinstance(command.outcome, Exception) and not isinstance(
                command.outcome, CommandStored
            ):
                raise command.outcome

    def _point_all(self) -> None:
        """Make up for what the run that broke may not have pointed at."""
        known = self.plan.known_persons.values()
        pointers = [details_pointer(person, self.district.id) for person in known]
        for part in _parts([one for one in pointers if one], IDS_AT_ONCE):
            self.vault.point_details(part)

    def _count(self) -> ImportCounts:
        """What the log holds of this run, parts of it from before a break included."""
        users = self.roster.users
        of_rows = {
            self._command_id(key, row.row): (file, row.row)
            for file, key, rows in (
                ("orgs.csv", "orgs.csv", self.roster.organizations),
                *(("users.csv", "users.csv", users), ("users.csv", TERMS, users)),
                ("roles.csv", "roles.csv", self.roster.roles),
            )
            for row in rows
        }
        of_absent = [self._command_id("absent", key) for key in self.plan.absent_keys]
        topics: Counter[str] = Counter()
        changed: set[tuple[str, int] | None] = set()
        for ids in _parts([*of_rows, *of_absent], IDS_AT_ONCE):
            for command_id, topic in self.ledger.recorder.topics_of_commands(list(ids)):
                topics[topic] += 1
                changed.add(of_rows.get(command_id))
        return ImportCounts(
            persons_registered=topics[PersonRegistered.TOPIC],
            employments_started=topics[EmploymentStarted.TOPIC],
            employments_changed=topics[EmploymentChanged.TOPIC] + topics[EmploymentReopened.TOPIC],
            employments_ended=topics[EmploymentEnded.TOPIC],
            rows_unchanged=len(set(of_rows.values()) - changed),
        )

    def _call(self, name: str) -> Call:
        command_id = self._command_id("import", name)
        return Call(
            caller_id=self.act.actor_id,
            command_id=command_id,
            body_hash=self.vault.body_hash(command_id.bytes),
            at=self.act.at,
        )

    def _command_id(self, file: str, key: int | str) -> UUID:
        return stream_id("import-row", self.file_hmac, self.district.id, self.number, file, key)

    def _report(self, counts: ImportCounts, position: int | None) -> ImportReport:
        return ImportReport(
            district_id=self.district.id,
            import_id=self.import_id,
            mode=self.roster.mode,
            rows=self.roster.rows,
            counts=counts,
            position=position,
            skipped=self.plan.skipped,
            skipped_rows=self.plan.skipped_rows,
        )


def _parts(things: Sequence[Some], size: int) -> Iterator[Sequence[Some]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]
