"""Micro-credentials: drafted, published in versions that never change, retired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.aggregates.issuer import Issuer
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyCredentialEvent
from ledger.events.credential import (
    Alignment,
    CredentialAligned,
    CredentialDrafted,
    CredentialResourcesListed,
    CredentialRetired,
    CredentialVersionPublished,
    Criterion,
    Definition,
    ProposalAnswered,
    Resource,
)

ARTIFACTS_MAX = 100  # in one enrollment, so that no stream grows without bound
ALIGNMENTS_MAX = 40  # of one version: each is in every record of it
RESOURCES_MAX = 60  # of one version: all of them are in one event


class SingleCompetencyError(InvalidError):
    """A micro-credential states exactly one competency."""

    slug = "single-competency"


class NoResearchReferenceError(InvalidError):
    """A micro-credential has a key method with at least one research reference."""

    slug = "no-research-reference"


class NoRequiredEvidenceError(InvalidError):
    """A micro-credential asks for evidence, each kind once and no more than can be handed in."""

    slug = "no-required-evidence"


class QuizOnlyError(InvalidError):
    """A quiz alone shows no practice."""

    slug = "quiz-only"


class NoPassingRuleError(InvalidError):
    """A rubric has criteria, each with a level that passes and one that does not."""

    slug = "no-passing-rule"


class RubricNameRepeatedError(InvalidError):
    """Two criteria of a rubric, or two levels of a criterion, have the same name."""

    slug = "rubric-name-repeated"


class EffortReversedError(InvalidError):
    """The least effort is more than the most."""

    slug = "effort-reversed"


class AlignmentRepeatedError(InvalidError):
    """A version is aligned to one statement of a framework twice."""

    slug = "alignment-repeated"


class TooManyAlignmentsError(InvalidError):
    """A version is aligned to more statements than a record of it can carry."""

    slug = "too-many-alignments"


class ResourceRepeatedError(InvalidError):
    """Two resources of a version have the same name."""

    slug = "resource-repeated"


class TooManyResourcesError(InvalidError):
    """A version lists more resources than anybody would look through."""

    slug = "too-many-resources"


class ResourceUnknownError(RuleError):
    """The version lists no resource of this name, or none of the kind that was asked for."""

    slug = "resource-unknown"


class CredentialRetiredError(RuleError):
    """The micro-credential is retired."""

    slug = "credential-retired"


class CredentialNotPublishedError(RuleError):
    """The micro-credential has no such published version."""

    slug = "credential-not-published"


class ProposalDeclinedError(RuleError):
    """The issuer has declined what was proposed."""

    slug = "proposal-declined"


class PublisherIsAuthorError(RuleError):
    """Nobody approves a micro-credential that she wrote herself."""

    slug = "publisher-is-author"


def draft(
    stream: UUID, act: Act, *, issuer: Issuer, author_id: UUID | None, definition: Definition
) -> Sequence[AnyCredentialEvent]:
    """Begin a micro-credential. A draft may lack what a published version must have."""
    return [
        CredentialDrafted(
            **first_header(stream, act),
            issuer_id=issuer.id,
            author_id=author_id,
            definition=definition,
        )
    ]


def must_be_publishable(definition: Definition) -> None:
    """The four criteria: one competency, a researched method, evidence, and a passing rule.

    Source: docs/sources.md#four-criteria.
    """
    if len(definition.competencies) != 1:
        raise SingleCompetencyError(
            f"exactly one competency is needed, and {len(definition.competencies)} are stated"
        )
    if definition.key_method is None or not definition.key_method.references:
        raise NoResearchReferenceError("a key method with a research reference is needed")
    if definition.effort_hours_min > definition.effort_hours_max:
        raise EffortReversedError(
            f"from {definition.effort_hours_min} to {definition.effort_hours_max} hours is no range"
        )
    _must_require_evidence(definition)
    _must_have_passing_rule(definition.rubric)


def _must_require_evidence(definition: Definition) -> None:
    kinds = [requirement.kind for requirement in definition.evidence]
    if not kinds:
        raise NoRequiredEvidenceError("at least one kind of evidence is needed")
    if len(set(kinds)) < len(kinds):
        raise NoRequiredEvidenceError("each kind of evidence is asked for once, with its count")
    if sum(requirement.count for requirement in definition.evidence) > ARTIFACTS_MAX:
        raise NoRequiredEvidenceError(f"no more than {ARTIFACTS_MAX} artifacts can be handed in")
    if set(kinds) == {"quiz"}:
        raise QuizOnlyError("a quiz alone shows no practice; ask for an artifact of practice too")


def _must_have_passing_rule(rubric: Sequence[Criterion]) -> None:
    if not rubric:
        raise NoPassingRuleError("a rubric with at least one criterion is needed")
    if len({criterion.criterion for criterion in rubric}) < len(rubric):
        raise RubricNameRepeatedError("two criteria of the rubric have the same name")
    for criterion in rubric:
        points = [level.points for level in criterion.levels]
        if not points or not min(points) < criterion.passing_points <= max(points):
            raise NoPassingRuleError(
                f"criterion {criterion.criterion!r} needs a level that passes and one that does "
                f"not, at {criterion.passing_points} passing points",
                criterion=criterion.criterion,
            )
        if len({level.level for level in criterion.levels}) < len(criterion.levels):
            raise RubricNameRepeatedError(
                f"two levels of criterion {criterion.criterion!r} have the same name",
                criterion=criterion.criterion,
            )


def _some(author_id: UUID | None) -> frozenset[UUID]:
    """Nobody in particular, or one person."""
    return frozenset() if author_id is None else frozenset({author_id})


@dataclass(frozen=True, kw_only=True)
class Credential(Aggregate):
    """One micro-credential: its draft, and every version that was ever published."""

    issuer_id: UUID
    author_id: UUID | None  # who wrote the newest draft
    authors: frozenset[UUID]  # everybody who ever wrote one
    draft: Definition
    answer: ProposalAnswered | None = None  # to the newest draft; publishing it is the third
    published: tuple[Definition, ...] = ()  # the first is version 1
    first_published_at: datetime | None = None
    retired: bool = False
    aligned: Mapping[int, tuple[Alignment, ...]] = field(default_factory=dict)  # by version
    listed: Mapping[int, tuple[Resource, ...]] = field(default_factory=dict)  # by version

    @property
    def newest_version(self) -> int:
        """The version that new enrollments pin; 0 while nothing is published."""
        return len(self.published)

    def definition_of(self, credential_version: int) -> Definition:
        """What a published version asks for."""
        if not 1 <= credential_version <= self.newest_version:
            raise CredentialNotPublishedError(
                f"credential {self.id} has no published version {credential_version}"
            )
        return self.published[credential_version - 1]

    def alignments_of(self, credential_version: int) -> tuple[Alignment, ...]:
        """What a published version is about, as frameworks put it."""
        return self.aligned.get(credential_version, ())

    def resources_of(self, credential_version: int) -> tuple[Resource, ...]:
        """What there is to learn from for a published version."""
        self.definition_of(credential_version)
        return self.listed.get(credential_version, ())

    def resource(self, credential_version: int, name: str) -> Resource:
        """One of them by its name."""
        for one in self.resources_of(credential_version):
            if one.resource == name:
                return one
        raise ResourceUnknownError(
            f"version {credential_version} of credential {self.id} lists no resource {name!r}"
        )

    def must_take_enrollments(self) -> None:
        self.must_not_be_retired()
        self.definition_of(max(1, self.newest_version))

    def redraft(
        self, act: Act, *, author_id: UUID | None, definition: Definition
    ) -> Sequence[AnyCredentialEvent]:
        """Write the definition anew. What is published stays as it is."""
        self.must_not_be_retired()
        declined = self.answer is not None and self.answer.answer == "declined"
        if declined and act.actor_id in self.authors:
            raise ProposalDeclinedError(f"what {act.actor_id} proposed was declined")
        if definition == self.draft and author_id == self.author_id:
            raise NothingChangesError("the draft says this already")
        return [
            CredentialDrafted(
                **self.header(act),
                issuer_id=self.issuer_id,
                author_id=author_id,
                definition=definition,
            )
        ]

    def publish(self, act: Act, *, issuer: Issuer) -> Sequence[AnyCredentialEvent]:
        """Publish the draft as the next version, for ever."""
        self.must_not_be_retired()
        issuer.must_publish(act.at)
        if act.actor_id in self.authors:
            raise PublisherIsAuthorError(
                f"{act.actor_id} wrote credential {self.id}, so somebody else approves it"
            )
        must_be_publishable(self.draft)
        if self.published and self.draft == self.published[-1]:
            raise NothingChangesError(f"version {self.newest_version} says this already")
        return [
            CredentialVersionPublished(
                **self.header(act),
                issuer_id=self.issuer_id,
                credential_version=self.newest_version + 1,
                author_id=self.author_id,
                definition=self.draft,
            )
        ]

    def retire(self, act: Act, *, reason: str) -> Sequence[AnyCredentialEvent]:
        self.must_not_be_retired()
        return [CredentialRetired(**self.header(act), issuer_id=self.issuer_id, reason=reason)]

    def align(
        self, act: Act, *, credential_version: int, alignments: tuple[Alignment, ...]
    ) -> Sequence[AnyCredentialEvent]:
        """Say what a version is about, in place of what was said; also of one that is retired.

        What is not named stays unmapped: of a newer edition nothing follows from an older one.
        """
        self.definition_of(credential_version)
        if len(alignments) > ALIGNMENTS_MAX:
            raise TooManyAlignmentsError(f"no more than {ALIGNMENTS_MAX} statements can be named")
        named = {(one.framework, one.edition, one.code, one.url) for one in alignments}
        if len(named) < len(alignments):
            raise AlignmentRepeatedError("one statement of a framework is named twice")
        if alignments == self.alignments_of(credential_version):
            raise NothingChangesError(f"version {credential_version} is aligned like this already")
        return [
            CredentialAligned(
                **self.header(act),
                issuer_id=self.issuer_id,
                credential_version=credential_version,
                alignments=alignments,
            )
        ]

    def list_resources(
        self, act: Act, *, credential_version: int, resources: tuple[Resource, ...]
    ) -> Sequence[AnyCredentialEvent]:
        """Say what there is to learn from, in place of what was said; also of one that is retired.

        No definition changes by it: what an award takes stays as it was published.
        """
        known = self.resources_of(credential_version)
        if len(resources) > RESOURCES_MAX:
            raise TooManyResourcesError(f"no more than {RESOURCES_MAX} resources can be listed")
        if len({one.resource for one in resources}) < len(resources):
            raise ResourceRepeatedError("two resources have the same name")
        if resources == known:
            raise NothingChangesError(f"version {credential_version} lists these already")
        return [
            CredentialResourcesListed(
                **self.header(act),
                issuer_id=self.issuer_id,
                credential_version=credential_version,
                resources=resources,
            )
        ]

    def must_not_be_retired(self) -> None:
        """Raises CredentialRetiredError where nobody can begin it any more."""
        if self.retired:
            raise CredentialRetiredError(f"credential {self.id} is retired")

    @classmethod
    def evolve(cls, state: Self | None, event: AnyCredentialEvent) -> Self:
        if state is None:
            assert isinstance(event, CredentialDrafted), "a credential begins with a draft"
            return cls(
                id=event.originator_id,
                version=event.originator_version,
                issuer_id=event.issuer_id,
                author_id=event.author_id,
                authors=_some(event.author_id),
                draft=event.definition,
            )
        state = state.at_version(event.originator_version)
        changed: dict[str, Any] = {}
        match event:
            case CredentialDrafted(author_id=author, definition=definition):
                authors = state.authors | _some(author)
                changed = {"author_id": author, "authors": authors, "draft": definition}
                changed["answer"] = None
            case CredentialVersionPublished(occurred_at=at, definition=definition):
                first = state.first_published_at or at
                changed = {"published": (*state.published, definition), "first_published_at": first}
                changed["answer"] = None
            case ProposalAnswered():
                changed["answer"] = event
            case CredentialRetired():
                changed["retired"] = True
            case CredentialAligned(credential_version=version, alignments=alignments):
                changed["aligned"] = {**state.aligned, version: alignments}
            case CredentialResourcesListed(credential_version=version, resources=resources):
                changed["listed"] = {**state.listed, version: resources}
            case _:
                assert_never(event)
        return replace(state, **changed)
