"""What a teacher proposes: an answer stands until it is written anew or published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger.aggregates.base import Act
from ledger.aggregates.credential import (
    Credential,
    CredentialRetiredError,
    ProposalDeclinedError,
    PublisherIsAuthorError,
)
from ledger.aggregates.proposal import NotProposedError, answer_proposal, standing_of
from ledger.errors import NothingChangesError
from ledger.events import AnyCredentialEvent
from ledger.events.credential import (
    CredentialDrafted,
    CredentialRetired,
    CredentialVersionPublished,
    ProposalAnswer,
    ProposalAnswered,
)
from tests.given import fact, given
from tests.samples import (
    APPROVER,
    AUTHOR,
    COACH,
    CREDENTIAL,
    ISSUER,
    OTHER_APPROVER,
    act,
    credential_events,
    definition,
    header,
    issuer,
)

HERS, PUBLISHED = credential_events()
STAFFS = credential_events(author_id=None)


def drafted(version: int, author: Any = AUTHOR, title: str = "Anew") -> CredentialDrafted:
    text = definition(title=title)
    return CredentialDrafted(
        **header(CREDENTIAL, version), issuer_id=ISSUER, author_id=author, definition=text
    )


def answered(answer: ProposalAnswer, version: int = 2, *reasons: str) -> ProposalAnswered:
    said: dict[str, Any] = {"author_id": AUTHOR, "answer": answer, "reasons": reasons or ("scope",)}
    return ProposalAnswered(**header(CREDENTIAL, version), issuer_id=ISSUER, **said)


def answer(
    known: Credential, answer: ProposalAnswer = "declined", by: Act | None = None
) -> Sequence[AnyCredentialEvent]:
    return answer_proposal(known, by or act(APPROVER), answer=answer, reasons=("scope",))


def standing(*events: AnyCredentialEvent) -> str | None:
    known = Credential.fold(None, events)
    assert known is not None
    return standing_of(known)


def test_practice_21_what_a_teacher_wrote_is_proposed_until_the_issuer_answers() -> None:
    assert standing(HERS) == "proposed"
    assert standing(STAFFS[0]) is None, "what the issuer's staff writes is no proposal"
    assert standing(HERS, PUBLISHED) == "approved"
    assert standing(HERS, answered("changes_requested")) == "changes_requested"
    assert standing(HERS, answered("declined")) == "declined"


def test_whatever_is_written_anew_is_proposed_anew() -> None:
    for known in ("changes_requested", "declined"):
        assert standing(HERS, answered(known), drafted(3)) == "proposed"
    assert standing(HERS, PUBLISHED, drafted(3)) == "proposed", "as the next version"
    assert standing(HERS, PUBLISHED, drafted(3, author=None)) is None


def test_publishing_is_an_answer_too_and_takes_the_place_of_another() -> None:
    published = CredentialVersionPublished(
        **header(CREDENTIAL, 3),
        issuer_id=ISSUER,
        credential_version=1,
        author_id=AUTHOR,
        definition=definition(),
    )
    known = Credential.fold(None, [HERS, answered("declined"), published])
    assert known is not None
    assert (known.answer, standing_of(known)) == (None, "approved")
    assert known.redraft(act(AUTHOR), author_id=AUTHOR, definition=definition(title="Next"))


def test_an_answer_names_its_author_and_its_reasons() -> None:
    known = (
        given(HERS)
        .when(answer)
        .then(
            fact(
                ProposalAnswered,
                issuer_id=ISSUER,
                author_id=AUTHOR,
                actor_id=APPROVER,
                answer="declined",
                reasons=("scope",),
            )
        )
    )
    assert known.answer.reasons == ("scope",)


def test_another_answer_or_other_reasons_are_news_and_the_same_are_not() -> None:
    given(HERS, answered("declined")).when(answer).then_refused(NothingChangesError)
    other = given(HERS, answered("changes_requested")).when(answer)
    assert standing_of(other.then(ProposalAnswered)) == "declined"
    given(HERS, answered("declined", 2, "length")).when(answer).then(ProposalAnswered)


def test_only_what_waits_is_answered() -> None:
    refused = given(STAFFS[0]).when(answer).then_refused(NotProposedError, str(CREDENTIAL))
    assert (refused.slug, refused.status) == ("not-proposed", 409)
    given(HERS, PUBLISHED).when(answer).then_refused(NotProposedError)
    retired = CredentialRetired(**header(CREDENTIAL, 2), issuer_id=ISSUER, reason="old")
    given(HERS, retired).when(answer).then_refused(CredentialRetiredError)


def test_whoever_wrote_any_draft_of_it_does_not_answer() -> None:
    history = given(drafted(1, author=COACH), drafted(2, title="Hers"))
    for author in (AUTHOR, COACH):
        history.when(lambda c, author=author: answer(c, by=act(author))).then_refused(
            PublisherIsAuthorError, str(author)
        )
    history.when(lambda c: answer(c, by=act(OTHER_APPROVER))).then(ProposalAnswered)


def test_what_was_declined_its_authors_write_no_more_and_the_issuer_may() -> None:
    anew = definition(title="Anew")

    def redraft(known: Credential, by: Any) -> Sequence[AnyCredentialEvent]:
        return known.redraft(act(by), author_id=AUTHOR, definition=anew)

    declined = given(HERS, answered("declined"))
    refused = declined.when(lambda c: redraft(c, AUTHOR)).then_refused(
        ProposalDeclinedError, str(AUTHOR)
    )
    assert (refused.slug, refused.status) == ("proposal-declined", 409)
    given(HERS, answered("changes_requested")).when(lambda c: redraft(c, AUTHOR)).then(
        CredentialDrafted
    )
    after = declined.when(lambda c: redraft(c, APPROVER)).then(CredentialDrafted)
    assert (after.answer, standing_of(after)) == (None, "proposed")
    assert after.publish(act(APPROVER), issuer=issuer())
