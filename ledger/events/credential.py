"""Micro-credentials: one competency each, defined in versions that never change."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import StringConstraints

from ledger.events.base import Event
from ledger.values import Count, Days, Flag, Months, Positive, ShortText, Slug, Text, Value

EvidenceKind = Literal[
    "lesson_plan",
    "project",
    "student_work",
    "classroom_text",
    "classroom_image",
    "classroom_audio",
    "classroom_video",
    "teacher_reflection",
    "teacher_video",  # of the teacher alone, with no student in it
    "student_reflection",
    "observation",
    "quiz",
]


AlignmentTarget = Literal[
    "CFItem", "CFRubric", "CFRubricCriterion", "ceasn:Competency", "ceterms:Credential"
]
# What a signature can cover as an address, in every verifier alike.
STATEMENT_URL = r"^https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{1,500}$"
StatementUrl = Annotated[str, StringConstraints(pattern=STATEMENT_URL)]
ResourceKind = Literal["article", "book", "video", "audio", "course", "example", "tool", "module"]
# Whoever follows it is a teacher at work, so it is never sent in the clear.
ResourceUrl = Annotated[
    str, StringConstraints(pattern=r"^https://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{1,500}$")
]


class KeyMethod(Value):
    """How the competency is practiced, and the research that says it works."""

    description: Text
    references: tuple[Text, ...] = ()


class EvidenceRequirement(Value):
    """So many artifacts of one kind have to be handed in."""

    kind: EvidenceKind
    count: Positive = 1


class Level(Value):
    """One performance level of a criterion."""

    level: Slug
    points: Count
    description: Text


class Criterion(Value):
    """One row of the rubric: met when the level reached has at least `passing_points`."""

    criterion: Slug
    title: ShortText
    levels: tuple[Level, ...]
    passing_points: Count


class Definition(Value):
    """What a micro-credential asks for. A draft may lack parts; a published version may not."""

    title: ShortText
    summary: Text
    competencies: tuple[Text, ...] = ()
    key_method: KeyMethod | None = None
    evidence: tuple[EvidenceRequirement, ...] = ()
    rubric: tuple[Criterion, ...] = ()
    effort_hours_min: Count = 0  # an estimate for planning, never a credit
    effort_hours_max: Count = 0
    tier: Slug = "standard"  # what a tiered policy pays by
    focus_areas: tuple[Slug, ...] = ()
    audiences: tuple[Slug, ...] = ()
    valid_months: Months | None = None  # null: the award does not expire
    shared_artifacts: Flag = False  # a team may hand in the same artifact
    evidence_not_older_than_days: Days | None = None
    preapproval_required: Flag = False  # work from before the first publication does not count


class Alignment(Value):
    """One statement of somebody's framework, in one edition of it: another is another statement."""

    framework: ShortText
    edition: ShortText  # as its publisher calls it, a year mostly
    code: ShortText | None = None
    name: ShortText  # what the statement is called, or says
    url: StatementUrl
    target: AlignmentTarget = "CFItem"


class Resource(Value):
    """Something to learn from. A module is one that is gone through and completed."""

    resource: Slug  # its name within the version, which stays when the rest is mended
    title: ShortText
    url: ResourceUrl
    kind: ResourceKind
    minutes: Positive  # an estimate for planning, never a credit


class CredentialEvent(Event):
    """Stream: one micro-credential."""

    issuer_id: UUID


class CredentialDrafted(CredentialEvent):
    """Somebody wrote a definition, or wrote it anew, before anybody could enroll in it."""

    TOPIC: ClassVar[str] = "credential.drafted.v1"

    author_id: UUID | None  # a teacher may write one; she may not review or approve it
    definition: Definition


ProposalAnswer = Literal["changes_requested", "declined"]


class ProposalAnswered(CredentialEvent):
    """What the issuer says to the teacher who wrote the draft, other than by publishing it."""

    TOPIC: ClassVar[str] = "credential.proposal-answered.v1"

    author_id: UUID
    answer: ProposalAnswer
    reasons: tuple[Slug, ...]


class CredentialVersionPublished(CredentialEvent):
    """The definition, whole and for ever. Enrollments pin the version they began under."""

    TOPIC: ClassVar[str] = "credential.version-published.v1"

    credential_version: Positive
    author_id: UUID | None
    definition: Definition


class CredentialRetired(CredentialEvent):
    """No new enrollments; those begun are finished under their version."""

    TOPIC: ClassVar[str] = "credential.retired.v1"

    reason: Slug


class CredentialAligned(CredentialEvent):
    """What a published version is about, in the words of frameworks; the newest list stands whole.

    Records that were signed before say what was known then.
    """

    TOPIC: ClassVar[str] = "credential.aligned.v1"

    credential_version: Positive
    alignments: tuple[Alignment, ...]


class CredentialResourcesListed(CredentialEvent):
    """What there is to learn from for a published version; the newest list stands whole."""

    TOPIC: ClassVar[str] = "credential.resources-listed.v1"

    credential_version: Positive
    resources: tuple[Resource, ...]
