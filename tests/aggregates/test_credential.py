"""Micro-credentials: the four criteria refuse a publication that lacks one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.aggregates.credential import (
    ALIGNMENTS_MAX,
    ARTIFACTS_MAX,
    AlignmentRepeatedError,
    Credential,
    CredentialNotPublishedError,
    CredentialRetiredError,
    EffortReversedError,
    NoPassingRuleError,
    NoRequiredEvidenceError,
    NoResearchReferenceError,
    PublisherIsAuthorError,
    QuizOnlyError,
    RubricNameRepeatedError,
    SingleCompetencyError,
    TooManyAlignmentsError,
    draft,
)
from ledger.aggregates.issuer import Issuer, IssuerNotVettedError
from ledger.errors import InvalidError, LedgerError, NothingChangesError
from ledger.events.credential import (
    Alignment,
    CredentialAligned,
    CredentialDrafted,
    CredentialRetired,
    CredentialVersionPublished,
    Criterion,
    Definition,
    EvidenceRequirement,
    KeyMethod,
    Level,
)
from tests.given import Outcome, fact, given
from tests.samples import (
    APPROVER,
    AUTHOR,
    COACH,
    CREDENTIAL,
    DAY,
    ISSUER,
    MONDAY,
    act,
    credential,
    credential_events,
    criterion,
    definition,
    header,
    issuer,
    issuer_events,
    rubric,
)


def drafted(text: Definition, version: int = 1, author: Any = AUTHOR) -> CredentialDrafted:
    return CredentialDrafted(
        **header(CREDENTIAL, version), issuer_id=ISSUER, author_id=author, definition=text
    )


def publishing(**changes: Any) -> Outcome:
    return given(drafted(definition(**changes))).when(
        lambda c: c.publish(act(APPROVER), issuer=issuer())
    )


def evidence(**counts: int) -> tuple[EvidenceRequirement, ...]:
    return tuple(EvidenceRequirement(kind=k, count=n) for k, n in counts.items())  # type: ignore[arg-type]


def test_a_draft_may_lack_everything_that_publication_asks_for() -> None:
    bare = Definition(title="Wait time", summary="Waits after a question.")
    given().when(
        lambda _: draft(CREDENTIAL, act(), issuer=issuer(), author_id=AUTHOR, definition=bare)
    ).then(fact(CredentialDrafted, issuer_id=ISSUER, author_id=AUTHOR, definition=bare))


def test_a_complete_definition_is_published_whole_as_version_1() -> None:
    state = publishing().then(
        fact(
            CredentialVersionPublished,
            credential_version=1,
            author_id=AUTHOR,
            definition=definition(),
        )
    )
    assert state.newest_version == 1
    assert state.definition_of(1) == definition()


@pytest.mark.parametrize("competencies", [(), ("One.", "Two.")])
def test_practice_3_a_publication_states_exactly_one_competency(
    competencies: tuple[str, ...],
) -> None:
    refused = publishing(competencies=competencies).then_refused(
        SingleCompetencyError, str(len(competencies))
    )
    assert (refused.slug, refused.status) == ("single-competency", 422)


@pytest.mark.parametrize("method", [None, KeyMethod(description="Exit tickets.")])
def test_practice_4_a_publication_has_a_method_with_a_research_reference(
    method: KeyMethod | None,
) -> None:
    refused = publishing(key_method=method).then_refused(NoResearchReferenceError)
    assert (refused.slug, refused.status) == ("no-research-reference", 422)


@pytest.mark.parametrize(
    "requirements",
    [
        (),
        evidence(lesson_plan=1) + evidence(lesson_plan=2),
        evidence(lesson_plan=ARTIFACTS_MAX, student_work=1),
    ],
    ids=["nothing", "a kind twice", "more than can be handed in"],
)
def test_practice_5_a_publication_asks_for_evidence_that_can_be_handed_in(
    requirements: tuple[EvidenceRequirement, ...],
) -> None:
    refused = publishing(evidence=requirements).then_refused(NoRequiredEvidenceError)
    assert (refused.slug, refused.status) == ("no-required-evidence", 422)


def test_as_many_artifacts_as_an_enrollment_holds_can_be_asked_for() -> None:
    publishing(evidence=evidence(lesson_plan=ARTIFACTS_MAX)).then(CredentialVersionPublished)


def test_practice_56_a_quiz_alone_is_refused_and_beside_practice_it_is_not() -> None:
    refused = publishing(evidence=evidence(quiz=2)).then_refused(QuizOnlyError)
    assert (refused.slug, refused.status) == ("quiz-only", 422)
    publishing(evidence=evidence(quiz=1, classroom_video=1)).then(CredentialVersionPublished)


NO_LEVELS = Criterion(criterion="c1", title="Criterion", levels=(), passing_points=1)


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ((), "at least one criterion"),
        ((NO_LEVELS,), "'c1'"),
        ((criterion("c1"), criterion("c2", passing_points=5)), "'c2'"),
        ((criterion("c1", passing_points=1),), "'c1'"),
    ],
    ids=["no criterion", "no level", "nobody can pass", "nobody can fail"],
)
def test_practice_6_a_publication_has_a_rubric_with_a_passing_rule(
    rows: tuple[Criterion, ...], names: str
) -> None:
    refused = publishing(rubric=rows).then_refused(NoPassingRuleError, names)
    assert (refused.slug, refused.status) == ("no-passing-rule", 422)
    assert refused.operands == ({"criterion": names.strip("'")} if rows else {})


@pytest.mark.parametrize("passing_points", [2, 4])
def test_the_lowest_level_may_fail_alone_and_the_highest_pass_alone(passing_points: int) -> None:
    rows = (criterion("c1", passing_points=passing_points),)
    publishing(rubric=rows).then(CredentialVersionPublished)


def test_names_within_a_rubric_are_not_repeated() -> None:
    twins = (criterion("c1"), criterion("c1"))
    publishing(rubric=twins).then_refused(RubricNameRepeatedError, "criteria")
    levels = tuple(Level(level="same", points=n, description="Level") for n in (1, 2))
    row = Criterion(criterion="c1", title="Criterion", levels=levels, passing_points=2)
    refused = publishing(rubric=(row,)).then_refused(RubricNameRepeatedError, "levels", "'c1'")
    assert refused.operands == {"criterion": "c1"}


def test_a_range_of_effort_runs_upward() -> None:
    publishing(effort_hours_min=16).then_refused(EffortReversedError, "16", "15")
    publishing(effort_hours_min=15).then(CredentialVersionPublished)


def test_practice_21_nobody_publishes_what_she_wrote_herself() -> None:
    given(drafted(definition())).when(
        lambda c: c.publish(act(AUTHOR), issuer=issuer())
    ).then_refused(PublisherIsAuthorError, str(AUTHOR))


def test_whoever_wrote_an_earlier_draft_does_not_publish_either() -> None:
    by_staff = drafted(definition(title="Checking"), version=2, author=None)
    (
        given(drafted(definition()), by_staff)
        .when(lambda c: c.publish(act(AUTHOR), issuer=issuer()))
        .then_refused(PublisherIsAuthorError)
    )
    given(drafted(definition(), author=None)).when(
        lambda c: c.publish(act(AUTHOR), issuer=issuer())
    ).then(fact(CredentialVersionPublished, author_id=None))


def test_only_a_vetted_issuer_publishes() -> None:
    unvetted = Issuer.fold(None, issuer_events()[:1])
    assert unvetted is not None
    given(drafted(definition())).when(
        lambda c: c.publish(act(APPROVER), issuer=unvetted)
    ).then_refused(IssuerNotVettedError)


def test_an_approval_of_the_issuer_that_has_ended_publishes_nothing() -> None:
    registered, vetted, _ = issuer_events()
    until = vetted.model_copy(update={"valid_until": date(2024, 11, 17)})
    expired = Issuer.fold(None, [registered, until])
    assert expired is not None
    given(drafted(definition())).when(
        lambda c: c.publish(act(APPROVER), issuer=expired)
    ).then_refused(IssuerNotVettedError, "2024-11-17")


def test_whoever_wrote_the_newest_draft_is_the_author_of_the_version() -> None:
    other = drafted(definition(title="Checking"), version=2, author=COACH)
    history = given(drafted(definition(), author=None), other)
    history.when(lambda c: c.publish(act(COACH), issuer=issuer())).then_refused(
        PublisherIsAuthorError
    )
    history.when(lambda c: c.publish(act(APPROVER), issuer=issuer())).then(
        fact(CredentialVersionPublished, author_id=COACH)
    )


def test_the_next_version_leaves_the_first_as_it_was() -> None:
    five = definition(rubric=rubric(5))
    state = (
        given(*credential_events(), drafted(five, version=3))
        .when(lambda c: c.publish(act(APPROVER), issuer=issuer()))
        .then(fact(CredentialVersionPublished, credential_version=2, definition=five))
    )
    assert state.definition_of(1) == definition()
    assert state.definition_of(2) == five
    assert state.newest_version == 2


def test_publishing_what_is_published_changes_nothing() -> None:
    given(*credential_events()).when(
        lambda c: c.publish(act(APPROVER), issuer=issuer())
    ).then_refused(NothingChangesError, "version 1")


def test_a_draft_can_be_written_anew_and_credited_anew() -> None:
    other = definition(title="Wait time")
    given(*credential_events()).when(
        lambda c: c.redraft(act(), author_id=AUTHOR, definition=other)
    ).then(fact(CredentialDrafted, definition=other, author_id=AUTHOR, issuer_id=ISSUER))
    given(*credential_events()).when(
        lambda c: c.redraft(act(), author_id=None, definition=definition())
    ).then(fact(CredentialDrafted, author_id=None))


def test_the_same_draft_again_changes_nothing() -> None:
    given(*credential_events()).when(
        lambda c: c.redraft(act(), author_id=AUTHOR, definition=definition())
    ).then_refused(NothingChangesError)


def test_a_retired_credential_takes_neither_enrollments_nor_changes() -> None:
    retired = CredentialRetired(**header(CREDENTIAL, 3), issuer_id=ISSUER, reason="replaced")
    history = given(*credential_events(), retired)
    history.when(lambda c: c.retire(act(), reason="again")).then_refused(CredentialRetiredError)
    history.when(lambda c: c.publish(act(), issuer=issuer())).then_refused(CredentialRetiredError)
    history.when(lambda c: c.redraft(act(), author_id=None, definition=definition())).then_refused(
        CredentialRetiredError
    )
    state = Credential.fold(None, [*credential_events(), retired])
    assert state is not None
    with pytest.raises(CredentialRetiredError):
        state.must_take_enrollments()
    assert state.definition_of(1) == definition(), "those begun are finished under their version"


def test_a_credential_is_retired_with_a_reason() -> None:
    given(*credential_events()).when(lambda c: c.retire(act(), reason="replaced")).then(
        fact(CredentialRetired, reason="replaced", issuer_id=ISSUER)
    )


def test_only_a_published_version_can_be_enrolled_in() -> None:
    state = Credential.fold(None, [drafted(definition())])
    assert state is not None
    with pytest.raises(CredentialNotPublishedError, match="version 1"):
        state.must_take_enrollments()
    credential().must_take_enrollments()


@pytest.mark.parametrize("version", [-1, 0, 2])
def test_a_version_that_was_not_published_is_not_there(version: int) -> None:
    with pytest.raises(CredentialNotPublishedError, match=f"version {version}"):
        credential().definition_of(version)


def test_the_first_publication_has_its_instant_for_ever() -> None:
    later = CredentialVersionPublished(
        **header(CREDENTIAL, 3, at=MONDAY + DAY),
        issuer_id=ISSUER,
        credential_version=2,
        author_id=None,
        definition=definition(title="Wait time"),
    )
    state = Credential.fold(None, [*credential_events(), later])
    assert state is not None
    assert state.first_published_at == MONDAY


def test_every_refusal_of_a_publication_means_that_the_definition_is_not_valid() -> None:
    refusals: list[type[LedgerError]] = [
        SingleCompetencyError,
        NoResearchReferenceError,
        NoRequiredEvidenceError,
        QuizOnlyError,
        NoPassingRuleError,
        RubricNameRepeatedError,
        EffortReversedError,
    ]
    assert all(issubclass(refusal, InvalidError) for refusal in refusals)


def test_a_history_that_no_credential_can_have_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="begins with a draft"):
        Credential.fold(None, credential_events()[1:])


def alignment(code: str, edition: str = "2011") -> Alignment:
    return Alignment(
        framework="Standards for Professional Learning",
        edition=edition,
        code=code,
        name="Learning Designs",
        url=f"https://standards.example/{edition}/{code}",
    )


def aligning(*alignments: Alignment, version: int = 1) -> Outcome:
    return given(*credential_events()).when(
        lambda c: c.align(act(), credential_version=version, alignments=alignments)
    )


def test_practice_39_a_version_is_aligned_to_one_edition_and_of_another_nothing_is_guessed() -> (
    None
):
    aligning(alignment("5"), alignment("5", "2022")).then(
        fact(
            CredentialAligned,
            issuer_id=ISSUER,
            credential_version=1,
            alignments=(alignment("5"), alignment("5", "2022")),
        )
    )
    aligned = CredentialAligned(
        **header(CREDENTIAL, 3),
        issuer_id=ISSUER,
        credential_version=1,
        alignments=(alignment("5"),),
    )
    state = Credential.fold(None, [*credential_events(), aligned])
    assert state is not None
    assert [one.edition for one in state.alignments_of(1)] == ["2011"]
    assert state.alignments_of(2) == (), "what nobody has said of a version is not said"
    with pytest.raises(NothingChangesError):
        state.align(act(), credential_version=1, alignments=(alignment("5"),))
    assert state.align(act(), credential_version=1, alignments=()), "all can be taken back"


def test_a_statement_is_named_once_and_no_record_has_to_carry_too_many() -> None:
    aligning(alignment("5"), alignment("5")).then_refused(AlignmentRepeatedError)
    many = [alignment(str(code)) for code in range(ALIGNMENTS_MAX + 1)]
    aligning(*many).then_refused(TooManyAlignmentsError, str(ALIGNMENTS_MAX))
    aligning(*many[1:]).then(CredentialAligned)


def test_only_what_is_published_is_aligned_and_also_what_is_retired() -> None:
    aligning(alignment("5"), version=2).then_refused(CredentialNotPublishedError)
    retired = CredentialRetired(**header(CREDENTIAL, 3), issuer_id=ISSUER, reason="replaced")
    given(*credential_events(), retired).when(
        lambda c: c.align(act(), credential_version=1, alignments=(alignment("5"),))
    ).then(CredentialAligned)


@pytest.mark.parametrize(
    "url",
    ["standards.example/1", "ftp://standards.example", "https://a b", 'https://a/"', "https://"],
)
def test_a_statement_has_an_address_that_can_be_signed(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        Alignment(framework="F", edition="1", name="N", url=url)
