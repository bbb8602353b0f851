"""A transcript: what is in it, what 1EdTech's schema says, and that each award stands by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ledger.records import shapes
from ledger.records.canonical import canonical
from ledger.records.documents import RecordError
from ledger.records.identities import Identity
from ledger.records.proofs import proven, with_proof
from ledger.records.shapes import canonical_by_shape
from ledger.records.tokens import as_token, from_token
from ledger.records.transcripts import Stack, Transcript, learner_record
from tests.records.samples import (
    ISSUER,
    ISSUER_ID,
    METHOD,
    OTHER_PROOF_KEY,
    PROOF_KEY,
    SIGNED_AT,
    TOKEN,
    TOKEN_KEY,
    award,
    changed,
    definition,
    leaves,
    signed,
)
from tests.records.test_awards import TRANSCRIPT as SCHEMA

URL = "https://records.district.example"
STACK = Stack(
    achievement_url=f"{URL}/stacks/discussion/1",
    name="Leading discussions",
    description="Four micro-credentials about talk in the classroom.",
    requirement="Three of the four.",
    parts=tuple(f"{URL}/achievements/{one}" for one in ("wait-time/2", "probing/1", "not-hers/1")),
)
ELSEWHERE = replace(STACK, achievement_url=f"{URL}/stacks/reading/1", parts=(f"{URL}/a/1",))


def another(number: int, **changes: Any) -> dict[str, Any]:
    """An award like the sample, with an id and salts of its own."""
    identity = Identity("emailAddress", "ada@district.example", bytes([number]) * 16)
    return signed(record_url=f"{URL}/records/{number}", identities=(identity,), **changes)


AWARDS = (signed(), another(1, achievement_url=f"{URL}/achievements/probing/1"), another(2))


def transcript(**changes: Any) -> Transcript:
    whole = Transcript(
        record_url=f"{URL}/transcripts/5f1b7a10",
        issuer=award().issuer,
        subject_id="urn:uuid:6b0f6a3e-27c5-4a0c-9d9c-9d1c5f1b7a12",
        valid_from=SIGNED_AT,
        awards=AWARDS,
        partial=False,
        stacks=(STACK, ELSEWHERE),
    )
    return replace(whole, **changes)


def signed_transcript(**changes: Any) -> dict[str, Any]:
    return with_proof(learner_record(transcript(**changes)), PROOF_KEY.sign, METHOD, SIGNED_AT)


RECORD = signed_transcript()
INSIDE = ("credentialSubject", "verifiableCredential")
FRAME = [path for path in leaves(RECORD) if path[:2] != INSIDE]


@pytest.mark.parametrize(
    "changes",
    [{}, {"stacks": ()}, {"awards": AWARDS[:1], "partial": True}, {"disputed": ("It is mine.",)}],
)
def test_1edtechs_schema_accepts_a_transcript(changes: dict[str, Any]) -> None:
    record = signed_transcript(**changes)
    assert [error.message for error in SCHEMA.iter_errors(record)] == []
    assert proven(record, ISSUER)


def test_the_schema_refuses_what_is_wrong() -> None:
    assert not SCHEMA.is_valid({**RECORD, "name": None})
    assert not SCHEMA.is_valid(changed(RECORD, ("@context",), lambda found: found[:2]))
    bad = ("credentialSubject", "association", 0, "associationType")
    assert not SCHEMA.is_valid(changed(RECORD, bad, lambda _: "isOf"))


def test_the_awards_are_inside_as_they_were_signed_and_each_is_proven_by_itself() -> None:
    inside = json.loads(json.dumps(RECORD))["credentialSubject"]["verifiableCredential"]
    assert inside == list(AWARDS)
    assert all(proven(one, ISSUER) for one in inside)


def test_a_transcript_signed_around_a_forged_award_is_found_out_by_the_award() -> None:
    forged = changed(AWARDS[0], ("name",), lambda _: "Everything there is")
    record = signed_transcript(awards=(forged, *AWARDS[1:]))
    assert proven(record, ISSUER)
    with pytest.raises(RecordError):
        proven(record["credentialSubject"]["verifiableCredential"][0], ISSUER)


@pytest.mark.parametrize("path", FRAME, ids=lambda path: "/".join(map(str, path)))
def test_a_transcript_with_any_value_of_its_frame_changed_is_refused(
    path: tuple[str | int, ...],
) -> None:
    with pytest.raises(RecordError):
        proven(changed(RECORD, path, lambda value: f"{value}x"), ISSUER)


@pytest.mark.parametrize("number", range(len(AWARDS)))
def test_a_transcript_from_which_an_award_was_taken_or_changed_is_refused(number: int) -> None:
    for change in (
        lambda inside: inside[:number] + inside[number + 1 :],
        lambda inside: [*inside, another(9)],
        lambda inside: [*inside[:number], {**inside[number], "name": "x"}, *inside[number + 1 :]],
    ):
        with pytest.raises(RecordError):
            proven(changed(RECORD, INSIDE, change), ISSUER)


def test_it_says_which_stack_an_award_is_part_of_and_names_no_other_stack() -> None:
    subject = RECORD["credentialSubject"]
    assert [one["id"] for one in subject["achievement"]] == [STACK.achievement_url]
    assert {(one["sourceId"], one["targetId"]) for one in subject["association"]} == {
        (part, STACK.achievement_url) for part in STACK.parts[:2]
    }
    assert {one["associationType"] for one in subject["association"]} == {"isPartOf"}


def test_a_choice_of_awards_says_that_there_may_be_others() -> None:
    assert "A choice" in signed_transcript(partial=True)["description"]
    assert "Every award" in RECORD["description"]


def words(part: Any) -> set[str]:
    """Every word that a document uses as the name of a member."""
    if isinstance(part, dict):
        return set(part).union(*map(words, part.values()))
    return set().union(*map(words, part)) if isinstance(part, list) else set()


def test_no_word_is_used_on_which_copies_of_the_contexts_differ() -> None:
    assert not words(RECORD) & {"partial", "endorsementJwt", "jti"}
    assert "identifier" not in RECORD["credentialSubject"]


@pytest.mark.parametrize(
    "awards",
    [
        (),
        (AWARDS[0], AWARDS[0]),
        ({name: value for name, value in AWARDS[0].items() if name != "proof"},),
        ({**AWARDS[0], "credentialSubject": {}},),
    ],
    ids=["none", "twice", "unsigned", "of nothing"],
)
def test_a_transcript_of_nothing_of_what_nobody_signed_or_of_one_twice_is_not_made(
    awards: tuple[Any, ...],
) -> None:
    with pytest.raises(RecordError):
        learner_record(transcript(awards=awards))


def test_nobody_signs_a_transcript_in_the_name_of_another() -> None:
    with pytest.raises(RecordError):
        with_proof(learner_record(transcript()), PROOF_KEY.sign, "did:web:x.example#1", SIGNED_AT)
    forged = with_proof(learner_record(transcript()), OTHER_PROOF_KEY.sign, METHOD, SIGNED_AT)
    with pytest.raises(RecordError):
        proven(forged, ISSUER)


def test_a_newer_issue_has_the_same_id_and_a_later_day() -> None:
    newer = signed_transcript(valid_from=SIGNED_AT + timedelta(days=1))
    assert newer["id"] == RECORD["id"]
    assert newer["validFrom"] > RECORD["validFrom"]


def test_a_transcript_is_also_a_token() -> None:
    unsigned = learner_record(transcript())
    token = as_token(unsigned, TOKEN_KEY, TOKEN.method(ISSUER_ID))
    assert from_token(token, ISSUER) == unsigned


def test_sixty_awards_that_say_much_the_same_come_out_by_shape_as_the_long_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twins = tuple(another(number, definition=definition()) for number in range(60))
    unsigned = learner_record(transcript(awards=twins))
    expected = canonical(unsigned)
    monkeypatch.setattr(shapes, "canonical", lambda _: pytest.fail("went the long way"))
    assert canonical_by_shape(unsigned) == expected


def test_what_is_disputed_is_signed_with_the_record_whatever_her_words_are() -> None:
    """Not even words that no signature would cover keep her from carrying her record away."""
    hers = ("Wait time: Disputed.", '  In her words: urn:undefined:x \U0001f600 "<b>" \\ _:b0')
    record = signed_transcript(disputed=hers)
    _, *said = record["description"].split("\n")
    assert said == ["The holder disputes:", hers[0], '  In her words: x \U0001f600 "<b>" \\ _:b0']
    proven(record, ISSUER)
    assert canonical_by_shape(record) == canonical(record)
    with pytest.raises(RecordError):
        proven(changed(record, ("description",), lambda _: "All of it stands."), ISSUER)


def test_what_is_left_out_of_her_words_leaves_nothing_of_its_kind_behind() -> None:
    record = signed_transcript(disputed=("urn:undurn:undefined:efined:x",))
    assert record["description"].endswith("\nx")
    proven(record, ISSUER)
