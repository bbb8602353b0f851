"""Our records before judges whom nobody here has written.

Digital Bazaar's verifier of credentials and of status lists, with its own copy of the W3C's context
and, in turn, our copy of 1EdTech's and an older one; openbadgeslib; and ajv over 1EdTech's schemas.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from ledger.records import contexts
from ledger.records.awards import credential
from ledger.records.badges import badge, baked
from ledger.records.documents import compact_json
from ledger.records.identities import Identity
from ledger.records.issuers import IssuerKey, issuer_document
from ledger.records.proofs import with_proof
from ledger.records.shapes import canonical_by_shape
from ledger.records.status import StatusEntry, status_list
from ledger.records.tokens import as_token
from ledger.records.transcripts import Stack, Transcript, learner_record
from tests.judges import tools
from tests.records.samples import (
    HERE,
    ISSUER_ID,
    METHOD,
    OTHER_PROOF_KEY,
    PROOF,
    PROOF_KEY,
    TOKEN,
    TOKEN_KEY,
    award,
    changed,
    leaves,
)

pytestmark = [pytest.mark.judges, pytest.mark.timeout(900)]

Question = dict[str, Any]
Judge = Callable[[Sequence[Question]], list[bool]]

FROM, UNTIL = (
    datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2090, 1, 1, tzinfo=UTC),
)  # judges see clocks
LIST_URL, INDEX = "https://records.district.example/status/1", 90_210
RSA_KEY = RSAKey.generate_key(2048)
RSA = IssuerKey(RSA_KEY.public_key)
ISSUER = issuer_document(ISSUER_ID, [PROOF, TOKEN, RSA])
OTHER = IssuerKey(OTHER_PROOF_KEY.public_key())


def signed(document: dict[str, Any], key: Any = PROOF_KEY, method: str = METHOD) -> dict[str, Any]:
    return with_proof(document, key.sign, method, FROM, canonical_by_shape)


def unsigned_award(number: int = 0, **changes: Any) -> dict[str, Any]:
    """The sample award, valid by the judges' clocks, with an id, a salt and a place of its own."""
    facts = {
        "record_url": f"https://records.district.example/records/{number}",
        "identities": (Identity("emailAddress", "ada@district.example", bytes([number]) * 16),),
        "awarded_at": FROM,
        "valid_from": FROM,
        "valid_until": UNTIL,
        "status": StatusEntry(LIST_URL, INDEX + number),
    }
    return credential(replace(award(), **{**facts, **changes}))


def listed(*revoked: int, **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"url": LIST_URL, "issuer_id": ISSUER_ID, "valid_from": FROM}
    return status_list(**{**facts, "revoked": revoked, **changes})


def transcript(*awards: dict[str, Any]) -> dict[str, Any]:
    achievement = awards[0]["credentialSubject"]["achievement"]["id"]
    stack = Stack(f"{LIST_URL}/stack", "Discussion", "Talk that teaches.", "All.", (achievement,))
    return learner_record(
        Transcript(
            record_url="https://records.district.example/transcripts/1",
            issuer=award().issuer,
            subject_id="urn:uuid:6b0f6a3e-27c5-4a0c-9d9c-9d1c5f1b7a12",
            valid_from=FROM,
            awards=awards,
            partial=False,
            stacks=(stack,),
        )
    )


AWARD = signed(unsigned_award())
AWARDS = [AWARD, signed(unsigned_award(1)), signed(unsigned_award(2))]
TRANSCRIPT = signed(transcript(*AWARDS))
LIST = signed(listed(5))
LIST_TOKEN = as_token(listed(5), TOKEN_KEY, TOKEN.method(ISSUER_ID))
TOKENS = {
    "ES256": as_token(unsigned_award(), TOKEN_KEY, TOKEN.method(ISSUER_ID)),
    "RS256": as_token(unsigned_award(), RSA_KEY, RSA.method(ISSUER_ID)),
}
EVERY_COPY = ("ours", "theirs")


@pytest.fixture(scope="module")
def verifiers(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Digital Bazaar's verifier, and ajv."""
    addresses = (
        contexts.CREDENTIALS,
        contexts.DATA_INTEGRITY,
        contexts.OPEN_BADGES,
        contexts.OPEN_BADGES_EXTENSIONS,
        contexts.LEARNER_RECORDS,
    )
    file = tmp_path_factory.mktemp("contexts") / "contexts.json"
    file.write_text(json.dumps({one: contexts.published(one) for one in addresses}))
    command = tools.verifiers(file, HERE / "schemas")
    return lambda questions: tools.ask(command, [json.dumps(one) for one in questions])


@pytest.fixture(scope="module")
def open_badges() -> Judge:
    command = tools.open_badges()
    return lambda questions: tools.ask(command, [json.dumps(one) for one in questions])


def to_verifiers(
    document: Any, issuer: Any = ISSUER, listed: Any = LIST, copies: Iterable[str] = ("ours",)
) -> list[Question]:
    return [
        {
            "Kind": "credential",
            "Document": document,
            "Issuers": [issuer],
            "Lists": {LIST_URL: listed},
            "Contexts": copy,
        }
        for copy in copies
    ]


def to_open_badges(issuer: Any = ISSUER, listed: str = LIST_TOKEN, **asked: Any) -> Question:
    """What is asked is one of Document, Token and Picture, and which kind it is."""
    return {"Kind": "credential", "Issuers": [issuer], "Lists": {LIST_URL: listed}, **asked}


def as_picture(picture: bytes) -> str:
    return b64encode(picture).decode()


def flipped(value: Any) -> Any:
    return not value if isinstance(value, bool) else value[:-1] + chr(ord(value[-1]) ^ 1)


def with_every_leaf_flipped(document: Any) -> list[Any]:
    return [changed(document, path, flipped) for path in leaves(document)]


@pytest.mark.parametrize("copy", EVERY_COPY)
def test_the_verifier_accepts_every_form_with_each_copy_of_the_contexts(
    copy: str, verifiers: Judge
) -> None:
    forms = [AWARD, *AWARDS, TRANSCRIPT, LIST]
    questions = [one for form in forms for one in to_verifiers(form, copies=[copy])]
    assert verifiers(questions) == [True] * len(questions)


def test_ajv_accepts_every_form_by_1edtechs_schemas_and_refuses_wrong_ones(
    verifiers: Judge,
) -> None:
    award_schema, transcript_schema = "ob_v3p0_achievementcredential", "clr_v2p0_clrcredential"
    tokens = [json.loads(decoded(token.split(".")[1])) for token in TOKENS.values()]
    right = [(award_schema, form) for form in (AWARD, *AWARDS, *tokens)]
    right.append((transcript_schema, TRANSCRIPT))
    wrong = [
        (award_schema, {**AWARD, "validFrom": "yesterday"}),
        (award_schema, {name: value for name, value in AWARD.items() if name != "issuer"}),
        (transcript_schema, changed(TRANSCRIPT, ("type",), lambda _: ["VerifiableCredential"])),
        (transcript_schema, AWARD),
    ]
    questions = [
        {"Kind": "schema", "Schema": name, "Document": document} for name, document in right + wrong
    ]
    assert verifiers(questions) == [True] * len(right) + [False] * len(wrong)


def test_openbadgeslib_accepts_every_form(open_badges: Judge) -> None:
    pictures = [
        baked(badge("Wait time", "District Example", form), record)
        for form in ("png", "svg")
        for record in (AWARD, TOKENS["ES256"], TOKENS["RS256"])
    ]
    questions = [
        *(to_open_badges(Document=document) for document in AWARDS),
        to_open_badges(Kind="transcript", Document=TRANSCRIPT),
        *(to_open_badges(Kind="token", Token=token) for token in TOKENS.values()),
        *(to_open_badges(Kind="picture", Picture=as_picture(picture)) for picture in pictures),
    ]
    assert open_badges(questions) == [True] * len(questions)


def test_both_refuse_an_award_with_any_leaf_flipped(verifiers: Judge, open_badges: Judge) -> None:
    forged = with_every_leaf_flipped(AWARD)
    assert not any(verifiers([one for each in forged for one in to_verifiers(each)]))
    assert not any(open_badges([to_open_badges(Document=each) for each in forged]))


def test_both_refuse_a_transcript_with_any_leaf_of_its_frame_flipped(
    verifiers: Judge, open_badges: Judge
) -> None:
    inside = ("credentialSubject", "verifiableCredential")
    paths = [path for path in leaves(TRANSCRIPT) if path[:2] != inside]
    forged = [changed(TRANSCRIPT, path, flipped) for path in paths]
    forged += [changed(TRANSCRIPT, (*inside, 0, "name"), flipped)]
    forged += [changed(TRANSCRIPT, inside, lambda awards: awards[:2])]
    assert not any(verifiers([one for each in forged for one in to_verifiers(each)]))
    questions = [to_open_badges(Kind="transcript", Document=each) for each in forged]
    assert not any(open_badges(questions))


def decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize("algorithm", TOKENS)
def test_openbadgeslib_refuses_a_token_with_any_leaf_flipped(
    algorithm: str, open_badges: Judge
) -> None:
    tokens = with_every_leaf_of_a_token_flipped(TOKENS[algorithm])
    assert not any(open_badges([to_open_badges(Kind="token", Token=token) for token in tokens]))


def with_every_leaf_of_a_token_flipped(token: str) -> Iterator[str]:
    head, payload, signature = token.split(".")
    content = json.loads(decoded(payload))
    for path in leaves(content):
        body = urlsafe_b64encode(compact_json(changed(content, path, flipped_or_more))).decode()
        yield f"{head}.{body.rstrip('=')}.{signature}"


def flipped_or_more(value: Any) -> Any:
    return value + 1 if type(value) is int else flipped(value)


def test_both_refuse_what_was_revoked_and_no_other(verifiers: Judge, open_badges: Judge) -> None:
    revoked = listed(INDEX + 1)
    token = as_token(revoked, TOKEN_KEY, TOKEN.method(ISSUER_ID))
    questions = [one for each in AWARDS for one in to_verifiers(each, listed=signed(revoked))]
    assert verifiers(questions) == [True, False, True]
    documents = [to_open_badges(listed=token, Document=each) for each in AWARDS]
    assert open_badges(documents) == [True, False, True]
    whole = to_open_badges(listed=token, Kind="transcript", Document=TRANSCRIPT)
    assert open_badges([whole]) == [False]
    assert verifiers(to_verifiers(TRANSCRIPT, listed=signed(revoked))) == [False]


def test_both_refuse_a_list_that_somebody_else_signed_or_changed(
    verifiers: Judge, open_badges: Judge
) -> None:
    other_list = signed(listed(), OTHER_PROOF_KEY)
    revoked_list = signed(listed(INDEX))
    encoded = LIST["credentialSubject"]["encodedList"]
    cleaned = changed(revoked_list, ("credentialSubject", "encodedList"), lambda _: encoded)
    questions = [one for each in (other_list, cleaned) for one in to_verifiers(AWARD, listed=each)]
    assert not any(verifiers(questions))
    stranger = IssuerKey(TOKEN_KEY.generate_key("P-256").public_key)
    head, _, signature = as_token(listed(INDEX), TOKEN_KEY, TOKEN.method(ISSUER_ID)).split(".")
    swapped = f"{head}.{LIST_TOKEN.split('.')[1]}.{signature}"
    by_stranger = issuer_document(ISSUER_ID, [PROOF, stranger])
    refused = [
        to_open_badges(listed=swapped, Document=AWARD),
        to_open_badges(issuer=by_stranger, Document=AWARD),
    ]
    assert not any(open_badges(refused))


def test_both_refuse_an_award_by_a_list_with_any_leaf_flipped(
    verifiers: Judge, open_badges: Judge
) -> None:
    forged = with_every_leaf_flipped(LIST)
    assert not any(verifiers([one for each in forged for one in to_verifiers(AWARD, listed=each)]))
    tokens = list(with_every_leaf_of_a_token_flipped(LIST_TOKEN))
    assert not any(open_badges([to_open_badges(listed=one, Document=AWARD) for one in tokens]))


def test_both_refuse_what_has_expired_or_is_not_valid_yet(
    verifiers: Judge, open_badges: Judge
) -> None:
    expired = unsigned_award(valid_until=datetime(2025, 1, 1, tzinfo=UTC))
    early = unsigned_award(valid_from=datetime(2089, 1, 1, tzinfo=UTC))
    for document in (expired, early):
        assert not any(verifiers(to_verifiers(signed(document))))
        token = as_token(document, TOKEN_KEY, TOKEN.method(ISSUER_ID))
        questions = [
            to_open_badges(Document=signed(document)),
            to_open_badges(Kind="token", Token=token),
        ]
        assert not any(open_badges(questions))


def test_both_refuse_another_key_and_a_key_of_another_issuer(
    verifiers: Judge, open_badges: Judge
) -> None:
    by_another = signed(unsigned_award(), OTHER_PROOF_KEY)
    unknown = signed(unsigned_award(), OTHER_PROOF_KEY, OTHER.method(ISSUER_ID))
    proof = {**AWARD["proof"][0], "verificationMethod": OTHER.method("did:web:elsewhere.example")}
    elsewhere = {**AWARD, "proof": [proof]}
    refused = [by_another, unknown, elsewhere]
    assert not any(verifiers([one for each in refused for one in to_verifiers(each)]))
    assert not any(open_badges([to_open_badges(Document=each) for each in refused]))


def test_a_replaced_key_still_proves_and_one_that_got_loose_does_not(
    verifiers: Judge, open_badges: Judge
) -> None:
    replaced = issuer_document(ISSUER_ID, [PROOF, TOKEN, OTHER])
    loose = issuer_document(ISSUER_ID, [replace(PROOF, compromised_at=FROM), TOKEN, OTHER])
    assert all(verifiers(to_verifiers(AWARD, issuer=replaced)))
    assert not any(verifiers(to_verifiers(AWARD, issuer=loose)))
    assert open_badges([to_open_badges(issuer=replaced, Document=AWARD)]) == [True]
    assert open_badges([to_open_badges(issuer=loose, Document=AWARD)]) == [False]


def test_both_refuse_a_forged_award_inside_a_well_signed_transcript(
    verifiers: Judge, open_badges: Judge
) -> None:
    forged = changed(AWARDS[1], ("name",), lambda _: "Everything there is")
    whole = signed(transcript(AWARDS[0], forged))
    assert not any(verifiers(to_verifiers(whole)))
    assert open_badges([to_open_badges(Kind="transcript", Document=whole)]) == [False]
