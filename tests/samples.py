"""Ready-made facts and values for tests, each with what a test is likely to change as an argument.

The people are the same everywhere: the EARNER is reviewed by FIRST and SECOND, by THIRD if they
differ, and the APPROVER decides. Times begin on MONDAY, 18 November 2024, at noon in New York.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID, uuid5

from ledger.aggregates.assessor import Assessor, appoint
from ledger.aggregates.base import Act
from ledger.aggregates.credential import Credential
from ledger.aggregates.enrollment import Enrollment, enroll, enrollment_stream
from ledger.aggregates.enrollment_submission import Artifact
from ledger.aggregates.issuer import Issuer
from ledger.events import AnyCredentialEvent, AnyEnrollmentEvent, AnyIssuerEvent
from ledger.events.credential import (
    CredentialDrafted,
    CredentialVersionPublished,
    Criterion,
    Definition,
    EvidenceKind,
    EvidenceRequirement,
    KeyMethod,
    Level,
)
from ledger.events.enrollment import Decision
from ledger.events.equivalency import (
    MICRO_CREDENTIAL,
    Conversion,
    EquivalencyTerms,
    Need,
    Option,
    Requirement,
)
from ledger.events.issuer import IssuerHolidaysSet, IssuerRegistered, IssuerTerms, IssuerVetted
from ledger.events.policy import AwardTrigger, FlatAmount, PolicyTerms
from ledger.events.stack import Group
from ledger.values import VaultText

NAMES = UUID("0d5a9f3c-5c65-4c3e-9b1a-6d5b6f0f2a11")
ZONE = "America/New_York"
MONDAY = datetime(2024, 11, 18, 17, tzinfo=UTC)
DAY = timedelta(days=1)
HOLIDAYS = (date(2024, 11, 28), date(2024, 11, 29))


class Step(Protocol):
    """A command on an enrollment, as a function of its state and of who acts when."""

    def __call__(self, enrollment: Enrollment, act: Act, /) -> Sequence[AnyEnrollmentEvent]: ...


def named(name: str) -> UUID:
    """The same id for the same name, in every run."""
    return uuid5(NAMES, name)


EARNER, FIRST, SECOND, THIRD = map(named, ("earner", "first", "second", "third"))
APPROVER, OTHER_APPROVER, COACH = map(named, ("approver", "other approver", "coach"))
AUTHOR, OPERATOR, STRANGER = map(named, ("author", "operator", "stranger"))
ISSUER, CREDENTIAL, STACK, DISTRICT = map(named, ("issuer", "credential", "stack", "district"))
ENROLLMENT = enrollment_stream(EARNER, CREDENTIAL, 1)


def act(actor_id: UUID = OPERATOR, at: datetime = MONDAY) -> Act:
    return Act(actor_id=actor_id, at=at)


def header(
    stream: UUID, version: int = 1, at: datetime = MONDAY, actor_id: UUID = OPERATOR
) -> dict[str, Any]:
    """The fields every event begins with."""
    return {
        "originator_id": stream,
        "originator_version": version,
        "occurred_at": at,
        "actor_id": actor_id,
    }


def digest(name: str) -> str:
    return "sha256:" + sha256(name.encode()).hexdigest()


def vault_text(name: str) -> VaultText:
    return VaultText(text_id=named(name), ciphertext_sha256=digest(name))


def criterion(name: str, *, passing_points: int = 3, most_points: int = 4) -> Criterion:
    """A criterion with the levels l1, l2, … worth 1, 2, … points."""
    points = range(1, most_points + 1)
    return Criterion(
        criterion=name,
        title=f"Criterion {name}",
        levels=tuple(Level(level=f"l{n}", points=n, description=f"Level {n}") for n in points),
        passing_points=passing_points,
    )


def rubric(count: int = 2) -> tuple[Criterion, ...]:
    """So many criteria, named c1, c2, …; each is met from level l3 of l1 to l4."""
    return tuple(criterion(f"c{n}") for n in range(1, count + 1))


def levels(*points: int) -> dict[str, str]:
    """So many points for the criteria c1, c2, and so on."""
    return {f"c{n}": f"l{reached}" for n, reached in enumerate(points, start=1)}


MET = levels(3, 4)
NOT_MET = levels(3, 2)
TOLD = {name: vault_text(f"what {name} lacks") for name in ("c1", "c2")}


def definition(**changes: Any) -> Definition:
    """A definition that can be published: a lesson plan and two pieces of student work."""
    fields: dict[str, Any] = {
        "title": "Checking for understanding",
        "summary": "Finds out during a lesson what each student has understood.",
        "competencies": ("Checks for understanding while there is time to act on it.",),
        "key_method": KeyMethod(
            description="Exit tickets and hinge questions.",
            references=("Black, P., and Wiliam, D. (1998). Inside the Black Box.",),
        ),
        "evidence": (
            EvidenceRequirement(kind="lesson_plan"),
            EvidenceRequirement(kind="student_work", count=2),
        ),
        "rubric": rubric(),
        "effort_hours_min": 5,
        "effort_hours_max": 15,
        "focus_areas": ("formative-assessment",),
        "audiences": ("teacher",),
    }
    return Definition(**fields | changes)


def issuer_terms(**changes: Any) -> IssuerTerms:
    return IssuerTerms(**changes)


def issuer_events(terms: IssuerTerms | None = None) -> list[AnyIssuerEvent]:
    """An issuer that may publish, with Thanksgiving 2024 as holidays."""
    return [
        IssuerRegistered(
            **header(ISSUER), name="Lakeshore", zone=ZONE, terms=terms or issuer_terms()
        ),
        IssuerVetted(
            **header(ISSUER, 2),
            standard="Micro-credential standards",
            components_met=29,
            components_total=29,
            approved=True,
            valid_until=None,
        ),
        IssuerHolidaysSet(**header(ISSUER, 3), year=2024, holidays=HOLIDAYS),
    ]


def credential_events(
    *definitions: Definition, author_id: UUID | None = AUTHOR
) -> list[AnyCredentialEvent]:
    """A credential of which each definition was drafted and published as a version."""
    events: list[AnyCredentialEvent] = []
    for version, text in enumerate(definitions or (definition(),), start=1):
        shared: dict[str, Any] = {"issuer_id": ISSUER, "author_id": author_id, "definition": text}
        drafted = header(CREDENTIAL, 2 * version - 1)
        events.append(CredentialDrafted(**drafted, **shared))
        published = header(CREDENTIAL, 2 * version)
        events.append(CredentialVersionPublished(**published, **shared, credential_version=version))
    return events


def issuer(terms: IssuerTerms | None = None) -> Issuer:
    state = Issuer.fold(None, issuer_events(terms))
    assert state is not None
    return state


def credential(*definitions: Definition, author_id: UUID | None = AUTHOR) -> Credential:
    state = Credential.fold(None, credential_events(*definitions, author_id=author_id))
    assert state is not None
    return state


def artifact(name: str, kind: EvidenceKind = "lesson_plan", **changes: Any) -> Artifact:
    """What is known of a stored file; student work comes with its release."""
    fields: dict[str, Any] = {
        "evidence_id": named(name),
        "kind": kind,
        "media_type": "application/pdf",
        "size_bytes": 48_213,
        "ciphertext_sha256": digest(name),
        "plaintext_commitment": "hmac-" + digest(f"plaintext of {name}"),
        "contains_students": kind == "student_work",
        "release_reference": "release-2024-17" if kind == "student_work" else None,
    }
    return Artifact(**fields | changes)


def artifacts() -> Sequence[Artifact]:
    """What the sample definition asks for."""
    return (
        artifact("plan"),
        artifact("work 1", "student_work"),
        artifact("work 2", "student_work"),
    )


def policy_terms(**changes: Any) -> PolicyTerms:
    fields: dict[str, Any] = {
        "title": "Stipend for each micro-credential",
        "zone": ZONE,
        "effective_from": date(2024, 7, 1),
        "trigger": AwardTrigger(),
        "benefit": "one_time",
        "amount": FlatAmount(amount_cents=30_000),
    }
    return PolicyTerms(**fields | changes)


def equivalency_terms(**changes: Any) -> EquivalencyTerms:
    """Ten points for each semester hour, six for each micro-credential, sixty in a cycle."""
    total = Need(need="total", needed_hundredths=6_000)
    fields: dict[str, Any] = {
        "title": "Points",
        "jurisdiction": "us-tn",
        "unit": "us-tn:PDP",
        "effective_from": date(2016, 7, 1),
        "conversions": (
            Conversion(kind=MICRO_CREDENTIAL, gives_hundredths=600),
            Conversion(kind="semester_hour", gives_hundredths=1_000),
        ),
        "requirements": (
            Requirement(
                purpose="renew",
                approver="district",
                options=(Option(option="points", needs=(total,)),),
            ),
        ),
    }
    return EquivalencyTerms(**fields | changes)


def group(title: str, count: int, needed: int | None = None) -> Group:
    """So many credentials, named after the title, of which all or `needed` have to be earned."""
    ids = tuple(named(f"{title} {n}") for n in range(count))
    return Group(title=title, needed=needed or count, credential_ids=ids)


def founding_assessor(person_id: UUID) -> Assessor:
    """An assessor whom the issuer has appointed for the sample credential."""
    events = appoint(
        named(f"standing of {person_id}"),
        act(APPROVER),
        before=None,
        person_id=person_id,
        credential=credential(),
        reason="founder",
    )
    state = Assessor.fold(None, events)
    assert state is not None
    return state


class Story:
    """An enrollment played through its own commands, for a history that could really happen.

    Each step returns the story: `Story().submitted().scored(MET, MET).decided("award").events`.
    """

    def __init__(
        self,
        *,
        terms: IssuerTerms | None = None,
        asks: Definition | None = None,
        at: datetime = MONDAY,
    ) -> None:
        self.issuer = issuer(terms)
        self.credential = credential(asks or definition())
        self.at = at
        self.events: list[AnyEnrollmentEvent] = list(
            enroll(
                act(EARNER, at),
                person_id=EARNER,
                credential=self.credential,
                issuer=self.issuer,
                earlier=(),
            )
        )

    @property
    def enrollment(self) -> Enrollment:
        state = Enrollment.fold(None, self.events)
        assert state is not None
        return state

    def later(self, days: int) -> Story:
        self.at += days * DAY
        return self

    def does(self, actor_id: UUID, command: Step) -> Story:
        """Any other step: `story.does(EARNER, lambda e, a: e.withdraw(a, reason="moved"))`."""
        self.events += command(self.enrollment, act(actor_id, self.at))
        return self

    def uploaded(self, *files: Artifact) -> Story:
        for file in files or artifacts():
            self.does(EARNER, lambda e, a, file=file: e.upload_evidence(a, artifact=file))
        return self

    def submitted(self) -> Story:
        """Hand in everything; what the sample definition asks for is uploaded before."""
        if not self.enrollment.artifacts:
            self.uploaded()
        return self.does(
            EARNER,
            lambda e, a: e.submit(
                a, credential=self.credential, issuer=self.issuer, integrity_attested=True
            ),
        )

    def assigned(self, *assessor_ids: UUID) -> Story:
        """Seat founding assessors, the usual two when none is named."""
        for assessor_id in assessor_ids or (FIRST, SECOND):
            self.does(
                APPROVER,
                lambda e, a, assessor_id=assessor_id: e.assign(
                    a,
                    assessor_id=assessor_id,
                    assessor=founding_assessor(assessor_id),
                    holds_award=False,
                    credential=self.credential,
                    issuer=self.issuer,
                ),
            )
        return self

    def scores(self, assessor_id: UUID, reached: Mapping[str, str]) -> Story:
        return self.does(
            assessor_id, lambda e, a: e.score(a, credential=self.credential, levels=reached)
        )

    def scored(
        self,
        first: Mapping[str, str],
        second: Mapping[str, str],
        third: Mapping[str, str] | None = None,
    ) -> Story:
        """Seat the usual assessors and let them score; the third only when scores are given."""
        self.assigned(FIRST, SECOND).scores(FIRST, first).scores(SECOND, second)
        if third is not None:
            self.assigned(THIRD).scores(THIRD, third)
        return self

    def decided(self, decision: Decision, reason: str | None = None) -> Story:
        return self.does(
            APPROVER,
            lambda e, a: e.decide(
                a,
                credential=self.credential,
                issuer=self.issuer,
                decision=decision,
                reason=reason,
                remarks=TOLD if decision == "not_yet" else {},
            ),
        )

    def awarded(self) -> Story:
        """From handing in to the award."""
        return self.submitted().scored(MET, MET).decided("award")

    def failed(self) -> Story:
        """From handing in to a decision of not yet."""
        return self.submitted().scored(NOT_MET, NOT_MET).decided("not_yet")
