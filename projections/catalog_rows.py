"""The rows of the catalog, as they are kept and as people read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from ledger.events.credential import Definition

Json = dict[str, Any]

FROM_STUDENTS = frozenset(
    {
        "student_work",
        "classroom_text",
        "classroom_image",
        "classroom_audio",
        "classroom_video",
        "student_reflection",
    }
)


@dataclass(slots=True, kw_only=True)
class Credential:
    """One micro-credential as its newest version has it, or its draft while none is published."""

    credential_id: UUID
    issuer_id: UUID
    status: Literal["drafted", "published", "retired"] = "drafted"
    credential_version: int = 0
    title: str = ""
    summary: str = ""
    tier: str = ""
    focus_areas: list[str] = field(default_factory=list)
    audiences: list[str] = field(default_factory=list)
    evidence_kinds: list[str] = field(default_factory=list)
    needs_students: bool = False
    effort_hours_min: int = 0
    effort_hours_max: int = 0
    valid_months: int | None = None
    author_id: UUID | None = None
    draft: Json | None = None
    answer: Literal["changes_requested", "declined"] | None = None
    position: int = 0

    def describe(self, definition: Definition) -> None:
        """Take over what people search by."""
        kinds = sorted({requirement.kind for requirement in definition.evidence})
        self.title, self.summary, self.tier = definition.title, definition.summary, definition.tier
        self.focus_areas = list(definition.focus_areas)
        self.audiences = list(definition.audiences)
        self.evidence_kinds = list(kinds)
        self.needs_students = not FROM_STUDENTS.isdisjoint(kinds)
        self.effort_hours_min = definition.effort_hours_min
        self.effort_hours_max = definition.effort_hours_max
        self.valid_months = definition.valid_months


@dataclass(slots=True, kw_only=True)
class FoundCredential(Credential):
    """A micro-credential as people find it. It takes enrollments when its issuer does."""

    issuer_name: str
    issuer_suspended: bool

    @property
    def takes_enrollments(self) -> bool:
        return self.status == "published" and not self.issuer_suspended


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One published version, whole and for ever."""

    credential_id: UUID
    credential_version: int
    title: str
    tier: str
    definition: Json
    published_at: datetime
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundVersion(Version):
    """A version as people find it: with what it is about, and what there is to learn from."""

    alignments: list[Json]
    resources: list[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignments:
    """What a version is about, as frameworks put it; the newest list stands whole."""

    credential_id: UUID
    credential_version: int
    alignments: list[Json]
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What there is to learn from for a version; the newest list stands whole."""

    credential_id: UUID
    credential_version: int
    resources: list[Json]
    position: int


@dataclass(frozen=True, slots=True)
class Title:
    """How an award is called."""

    credential_id: UUID
    credential_version: int
    title: str
    tier: str


@dataclass(slots=True, kw_only=True)
class Issuer:
    """One issuer as it stands."""

    issuer_id: UUID
    name: str
    zone: str
    terms: Json
    standard: str | None = None
    approved: bool = False
    valid_until: date | None = None
    suspended: bool = False
    position: int


@dataclass(slots=True, kw_only=True)
class Stack:
    """One stack as its newest definition has it."""

    stack_id: UUID
    issuer_id: UUID
    stack_version: int
    status: Literal["defined", "retired"] = "defined"
    title: str
    summary: str
    requirement: Json
    capstone_credential_id: UUID | None
    credential_ids: list[UUID]
    position: int


@dataclass(frozen=True, slots=True)
class Facet:
    """How many published micro-credentials a filter would leave."""

    facet: str
    value: str
    credentials: int


@dataclass(frozen=True, slots=True)
class Approval:
    """What one policy of a district is for; null lets every micro-credential through."""

    credential_ids: list[str] | None = None
    issuer_ids: list[str] | None = None
    tiers: list[str] | None = None
    stack_id: str | None = None  # every part of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for; null lets everything through."""

    status: Literal["drafted", "published", "retired"] = "published"
    issuer_id: UUID | None = None
    focus_area: str | None = None
    audience: str | None = None
    framework: str | None = None  # and its edition, as facets name it
    evidence_kind: str | None = None
    needs_students: bool | None = None
    hours_max: int | None = None
    counts_in: str | None = None  # a state whose rules give units for it
    stack_id: UUID | None = None
    approved_by: UUID | None = None  # a district one of whose policies is for it
    proposed: bool | None = None  # by a teacher
    answers: list[str] | None = None  # to what she proposed: "proposed" while there is none
    words: str | None = None
