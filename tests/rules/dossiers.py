"""What is on file about one teacher, put together fact by fact, and the rules that ship.

    file = OnFile().hired(date(2024, 8, 19)).award("mc 1", date(2025, 1, 10), issuer="nea")
    evaluation = file.under(shipped("I2"))

Every fact gets the next position, as if it had been appended to a log. Fiscal years begin on the
first of July; a pay period begins every second Saturday and is paid on the Friday a week after it.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from ledger.events.policy_rule import Rule
from ledger.rules.completions import Award, Completion
from ledger.rules.employments import Duty, Employment
from ledger.rules.entitlements.evaluate import evaluate
from ledger.rules.entitlements.facts import (
    Activity,
    Attribute,
    Calendar,
    Dossier,
    FiscalYear,
    HeldAward,
    LineKind,
    Note,
    NoteKind,
    PayPeriod,
    Prior,
    Request,
    Separation,
    Session,
    Status,
)
from ledger.rules.entitlements.findings import Evaluation, Finding, RulePolicy, RuleVersion
from ledger.rules.policy_file import PolicyFile, parse
from tests.samples import DISTRICT, EARNER, ZONE, named

FILES = Path(__file__).parents[2] / "ledger" / "rules" / "policies"
POLICY = named("the policy")
WEEK = timedelta(weeks=1)


@cache
def shipped_files() -> dict[str, PolicyFile]:
    """Every file that ships, by its id, with ids made from its names."""
    files = {}
    for path in sorted(FILES.glob("*.toml")):
        text = path.read_text("utf-8")
        names = {name: named(name) for name in tomllib.loads(text).get("names", {})}
        file = parse(text, path.name, names)
        files[file.id] = file
    return files


def shipped(policy: str, key: str | None = None) -> Rule:
    """One rule of a file; the first where no key is given."""
    rules = shipped_files()[policy].rules
    return next(one.rule for one in rules if key in {None, one.key})


def changed(rule: Rule, **changes: Any) -> Rule:
    """The rule with other fields, checked as it would be when read."""
    return Rule.model_validate(rule.model_dump() | changes)


def plain_rule(**changes: Any) -> Rule:
    """300 dollars for each award, nothing else asked."""
    fields: dict[str, Any] = {
        "title": "Stipend",
        "zone": ZONE,
        "effective_from": date(2020, 7, 1),
        "trigger": {"kind": "award"},
        "benefit": "one_time",
        "amount": [{"name": "flat", "basis": {"kind": "flat", "amount_cents": 30_000}}],
        "account": {"fund": "general"},
    }
    return Rule.model_validate(fields | changes)


def policy_of(*rules: Rule, policy_id: UUID = POLICY) -> RulePolicy:
    """A policy with these versions, adopted one after another."""
    versions = tuple(
        RuleVersion(number, f"Minute {number}", date(2020, 6, 1), number, rule)
        for number, rule in enumerate(rules, 1)
    )
    return RulePolicy(policy_id, DISTRICT, versions)


def fiscal_years(first: int, last: int) -> tuple[FiscalYear, ...]:
    return tuple(
        FiscalYear(year, date(year - 1, 7, 1), date(year, 6, 30)) for year in range(first, last + 1)
    )


def pay_periods(first_day: date, count: int) -> tuple[PayPeriod, ...]:
    """Two weeks each, paid a week after the last day."""
    return tuple(
        PayPeriod(day, day + 2 * WEEK - timedelta(days=1), day + 3 * WEEK - timedelta(days=1))
        for day in (first_day + 2 * n * WEEK for n in range(count))
    )


CALENDAR = Calendar(
    fiscal_years=fiscal_years(2018, 2036),
    pay_periods=pay_periods(date(2024, 7, 6), 60),
    holidays={year: frozenset() for year in range(2020, 2030)},
)


class OnFile:
    """The dossier so far."""

    def __init__(self, calendar: Calendar = CALENDAR) -> None:
        self.dossier = Dossier(EARNER, DISTRICT, calendar=calendar)
        self.position = 100

    def add(self, field: str, fact: Any) -> OnFile:
        self.dossier = replace(self.dossier, **{field: (*getattr(self.dossier, field), fact)})
        return self

    def next(self) -> int:
        self.position += 1
        return self.position

    def hired(
        self,
        first_day: date,
        last_day: date | None = None,
        *,
        role: str = "teacher",
        exempt: bool | None = True,
        school: str | None = None,
        fte: int | None = 1000,
    ) -> OnFile:
        job = Employment(
            employment_id=named(f"job {self.position}"),
            district_id=DISTRICT,
            first_day=first_day,
            last_day=last_day,
            duties=(Duty(first_day, role, exempt, school and named(school), fte),),
            positions=(self.next(),),
        )
        return self.add("employments", job)

    def moved(self, day: date, school: str, fte: int = 1000) -> OnFile:
        """The newest position is at another school from the day on."""
        *others, job = self.dossier.employments
        duty = Duty(day, job.duties[-1].role, job.duties[-1].exempt, named(school), fte)
        jobs = (*others, job.changed(duty, self.next()))
        self.dossier = replace(self.dossier, employments=jobs)
        return self

    def left(self, last_day: date, reason: str = "resignation") -> OnFile:
        jobs = tuple(job.ended(last_day, self.next()) for job in self.dossier.employments)
        self.dossier = replace(self.dossier, employments=jobs)
        return self.add("separations", Separation(last_day, reason, self.next()))

    def award(
        self,
        name: str,
        day: date,
        *,
        issuer: str = "issuer",
        credential: str | None = None,
        tier: str = "standard",
        started: date | None = None,
        expires: date | None = None,
        approved: date | None = None,
        documents: date | None = None,
    ) -> OnFile:
        position = self.next()
        award = Award(
            named(name), named(credential or name), position, day, ZONE, expires, (), tier, 5
        )
        self.add("awards", HeldAward(award, named(issuer), started, None, None))
        if approved is not None:
            self.note("approval", name, approved)
        if documents is not None:
            self.note("document", name, documents)
        return self

    def revoked(self, name: str, day: date) -> OnFile:
        awards = tuple(
            held._replace(
                award=held.award._replace(revocations=((self.next(), None),)), revoked_on=day
            )
            if held.award.enrollment_id == named(name)
            else held
            for held in self.dossier.awards
        )
        self.dossier = replace(self.dossier, awards=awards)
        return self

    def activity(
        self,
        name: str,
        kind: str,
        hundredths: int,
        last_day: date,
        *,
        first_day: date | None = None,
        category: str = "any",
        days: tuple[tuple[date, int], ...] = (),
        cost: int | None = None,
        finished: bool = True,
    ) -> OnFile:
        return self.add(
            "activities",
            Activity(
                named(name),
                kind,
                category,
                hundredths,
                first_day or last_day,
                last_day,
                self.next(),
                tuple(Session(*one) for one in days),
                cost,
                finished,
            ),
        )

    def note(self, kind: NoteKind, about: str, day: date, detail: str | None = None) -> OnFile:
        return self.add("notes", Note(kind, named(about), day, self.next(), detail))

    def request(
        self,
        name: str,
        day: date,
        *,
        about: str | None = None,
        choice: str | None = None,
        cost: int | None = None,
        policy_id: UUID = POLICY,
    ) -> OnFile:
        subject = None if about is None else named(about)
        one = Request(named(name), policy_id, day, self.next(), choice, subject, cost)
        return self.add("requests", one)

    def status(self, status: str, first: date, last: date | None = None) -> OnFile:
        return self.add("statuses", Status(status, first, last, self.next()))

    def leave(self, kind: str, first: date, last: date) -> OnFile:
        return self.add("leaves", Status(kind, first, last, self.next()))

    def school_is(
        self, school: str, attribute: str, first: date, last: date | None = None
    ) -> OnFile:
        fact = Attribute(named(school), attribute, first, last, self.next())
        return self.add("attributes", fact)

    def completed(self, stack: str, done: Completion) -> OnFile:
        completions = {**self.dossier.completions, named(stack): done}
        self.dossier = replace(self.dossier, completions=completions)
        return self

    def paid(
        self,
        finding: Finding,
        paid_on: date | None,
        cents: int | None = None,
        *,
        instalment: int = 1,
        kind: LineKind = "earn",
        fund: str = "general",
    ) -> OnFile:
        """A line of the finding was paid, or sent and not paid yet."""
        line = Prior(
            POLICY,
            finding.occasion.subject_id,
            instalment,
            kind,
            named(f"line {self.next()}"),
            finding.amount_cents if cents is None else cents,
            fund,
            paid_on,
            finding.fiscal_year,
        )
        return self.add("prior", line)

    def under(self, *rules: Rule) -> Evaluation:
        """What a policy with these versions makes of it."""
        return evaluate(policy_of(*rules), self.dossier)

    def findings(self, *rules: Rule) -> tuple[Finding, ...]:
        return self.under(*rules).findings


def said(findings: tuple[Finding, ...]) -> list[tuple[str, str | None, int]]:
    """Verdict, reason and cents of each."""
    return [(one.verdict, one.reason, one.amount_cents) for one in findings]


def amounts(finding: Finding) -> list[tuple[str, int, date]]:
    """The lines that are missing: kind, cents and day."""
    return [(line.kind, line.amount_cents, line.due_on) for line in finding.lines]


def failed(finding: Finding) -> list[str]:
    """The reasons of all tests that were not met."""
    return [made["reason"] for made in finding.checks if made["passed"] is False]
