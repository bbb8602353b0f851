"""What a rule is given: everything on file about one person in one district, and its calendars.

These are dated facts from the log and nothing else: no clock, no table. Whoever evaluates a rule
gathers them; what is missing stays missing, and the rule says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

from ledger.rules.completions import Award, Completion
from ledger.rules.employments import Employment

NoteKind = Literal["document", "approval", "plan_goal", "cost_paid", "paid_time", "required"]
NOT_BEGUN = "not_begun"  # what an approval says that was given before she had begun
LineKind = Literal["earn", "adj", "reversal", "clawback"]


class HeldAward(NamedTuple):
    """An award, with the days around it that only some rules ask for."""

    award: Award
    issuer_id: UUID | None = None
    started_on: date | None = None  # enrolled
    submitted_on: date | None = None
    revoked_on: date | None = None  # null while it stands
    duplicate_of: UUID | None = None  # an award of another record of hers that counts instead


class Session(NamedTuple):
    """One day of an activity."""

    day: date
    hundredths: int


class Activity(NamedTuple):
    """Hours or credits earned otherwise than by a micro-credential."""

    activity_id: UUID
    kind: str
    category: str
    hundredths: int
    first_day: date
    last_day: date
    position: int
    sessions: tuple[Session, ...] = ()
    cost_cents: int | None = None  # what it cost her
    finished: bool = True
    exchanged_for: UUID | None = None  # the award that a university or board gave it for
    opening: bool = False  # brought along from an earlier system: it counts, and is never paid


class Request(NamedTuple):
    """What she asked for under a policy."""

    request_id: UUID
    policy_id: UUID
    filed_on: date
    position: int
    choice: str | None = None
    subject_id: UUID | None = None  # the award or activity it is about
    cost_cents: int | None = None


class Note(NamedTuple):
    """One dated fact about an award, an activity or a request."""

    kind: NoteKind
    subject_id: UUID
    day: date
    position: int
    detail: str | None = None  # which document, which goal


class Status(NamedTuple):
    """A license, a degree, a membership: held from day to day, both included."""

    status: str
    first_day: date
    last_day: date | None
    position: int

    def on(self, day: date) -> bool:
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


class Attribute(NamedTuple):
    """What a school is counted as, from day to day, both included."""

    school_id: UUID
    attribute: str
    first_day: date
    last_day: date | None
    position: int

    def on(self, day: date) -> bool:
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


class Separation(NamedTuple):
    """She left: the last day, and why as a code."""

    last_day: date
    reason: str
    position: int


class Prior(NamedTuple):
    """A line that exists already, in a batch of ours or in the system before.

    Input to a rule, never its output: caps count it first, and what was paid is taken back or
    added to by further lines alone.
    """

    policy_id: UUID
    subject_id: UUID
    instalment: int
    kind: LineKind
    line_id: UUID
    amount_cents: int  # signed
    fund: str
    paid_on: date | None  # null: not paid yet
    fiscal_year: int
    units_hundredths: int = 0
    credential_id: UUID | None = None  # of what an earlier system paid for
    position: int = 0  # of the event that closed its batch; 0: an earlier system's

    @property
    def tax_year(self) -> int | None:
        """The year of payment, whatever the year it was earned in."""
        return None if self.paid_on is None else self.paid_on.year


class FiscalYear(NamedTuple):
    """One fiscal year of a district, as its board set it."""

    fiscal_year: int  # named by the calendar year it ends in
    first_day: date
    last_day: date


class PayPeriod(NamedTuple):
    """One pay period, both days included, and the day on which it is paid."""

    first_day: date
    last_day: date
    pay_date: date


@dataclass(frozen=True, slots=True)
class Calendar:
    """A district's days. What it has not said is missing, never guessed."""

    fiscal_years: tuple[FiscalYear, ...] = ()  # in order
    pay_periods: tuple[PayPeriod, ...] = ()  # in order
    holidays: Mapping[int, frozenset[date]] = field(default_factory=dict)  # by calendar year
    closed_through: date | None = None  # the last day of the last fiscal year that is closed
    closed_position: int = 0  # of the event that closed it


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that a rule of one district may ask about one person."""

    person_id: UUID
    district_id: UUID
    awards: tuple[HeldAward, ...] = ()
    completions: Mapping[UUID, Completion] = field(default_factory=dict)  # by stack
    employments: tuple[Employment, ...] = ()  # in this district
    activities: tuple[Activity, ...] = ()
    requests: tuple[Request, ...] = ()
    notes: tuple[Note, ...] = ()
    statuses: tuple[Status, ...] = ()
    leaves: tuple[Status, ...] = ()
    separations: tuple[Separation, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    prior: tuple[Prior, ...] = ()
    equal: tuple[frozenset[UUID], ...] = ()  # credentials that show one competency, as it was set
    calendar: Calendar = Calendar()

    def notes_of(
        self, kind: NoteKind, subjects: Collection[UUID], year: FiscalYear | None = None
    ) -> list[Note]:
        """The notes of a kind about any of the subjects, in log order; of one year if named."""
        return [
            note
            for note in self.notes
            if note.kind == kind
            and note.subject_id in subjects
            and (year is None or year.first_day <= note.day <= year.last_day)
        ]
