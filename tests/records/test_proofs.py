"""Proofs inside records: the vectors of others, and everything that may not pass."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pyld import jsonld

from ledger.records import contexts, multikeys
from ledger.records.awards import credential
from ledger.records.canonical import RecordTooComplexError, canonical
from ledger.records.contexts import ContextUnknownError
from ledger.records.documents import RecordError, read_instant
from ledger.records.issuers import IssuerKey, RecordKeyError, issuer_document
from ledger.records.processor import UndefinedTermError
from ledger.records.proofs import ProofRefusedError, proven, signed_bytes, with_proof
from tests.records.received import listed, transcript
from tests.records.samples import (
    ISSUER,
    ISSUER_ID,
    METHOD,
    OTHER_PROOF_KEY,
    PROOF,
    PROOF_KEY,
    SIGNED_AT,
    Vector,
    award,
    changed,
    leaves,
    signed,
)

VECTORS = [Vector("ob", "obv3p0"), Vector("clr", "clrv2p0")]
SIGNED = signed()
LEAVES = list(leaves(SIGNED))
VECTOR_IDS = ["open-badge", "learner-record"]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a socket here fails, whatever library it hides in."""

    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("a record made a network request")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("vector", VECTORS, ids=VECTOR_IDS)
def test_the_published_signing_examples_come_out_byte_for_byte(vector: Vector) -> None:
    document = vector.signed
    proof = document.pop("proof")
    expected = proof[0] if isinstance(proof, list) else proof
    value = expected.pop("proofValue")
    configuration = {"@context": document["@context"], **expected}

    assert canonical(document) == vector.document_canon
    assert canonical(configuration) == vector.proof_canon
    assert sha256(canonical(document)).hexdigest() == vector.after("Document hash (hex)")
    assert sha256(canonical(configuration)).hexdigest() == vector.after("Proof hash (hex)")
    assert signed_bytes(document, expected).hex() == vector.after("Data to sign (hex)")
    assert vector.key.sign(signed_bytes(document, expected)).hex() == vector.after(
        "Signature (hex)"
    )

    created = datetime(2010, 1, 1, 19, 23, 24, tzinfo=UTC)
    ours = with_proof(document, vector.key.sign, expected["verificationMethod"], created)
    assert ours["proof"] == [{**expected, "proofValue": value}]
    issuer_id = document["issuer"]["id"]
    issuer = issuer_document(issuer_id, [IssuerKey(vector.key.public_key())])
    assert proven(ours, issuer).created_at == created


def test_a_sample_of_the_public_validator_is_proven() -> None:
    sample = json.loads((Path(__file__).parent / "vectors/ob30_simple.json").read_text())
    key = IssuerKey(VECTORS[0].key.public_key())
    assert proven(sample, issuer_document(sample["issuer"]["id"], [key])).method.endswith(
        key.fragment
    )


def test_the_examples_key_is_written_as_they_write_it() -> None:
    text = "z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi"
    key = VECTORS[0].key.public_key()
    assert multikeys.multikey(key) == text
    assert multikeys.public_key(text) == key


def test_a_signed_award_is_proven_by_its_issuers_document() -> None:
    found = proven(SIGNED, ISSUER)
    assert (found.issuer_id, found.method, found.created_at) == (ISSUER_ID, METHOD, SIGNED_AT)


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: "/".join(map(str, path)))
def test_a_record_with_any_value_changed_is_refused(path: tuple[str | int, ...]) -> None:
    with pytest.raises(RecordError):
        proven(changed(SIGNED, path, _other), ISSUER)


def _other(value: Any) -> Any:
    return not value if isinstance(value, bool) else value[:-1] + chr(ord(value[-1]) ^ 1)


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: "/".join(map(str, path)))
def test_a_record_with_any_value_taken_away_or_emptied_is_refused(
    path: tuple[str | int, ...],
) -> None:
    for nothing in (None, [], {}):
        with pytest.raises(RecordError):
            proven(changed(SIGNED, path, lambda _, nothing=nothing: nothing), ISSUER)
    *above, last = path
    lacking = json.loads(json.dumps(SIGNED))
    part = lacking
    for step in above:
        part = part[step]
    del part[last]
    with pytest.raises(RecordError):
        proven(lacking, ISSUER)


def test_a_record_is_refused_under_another_key_and_under_another_issuers_document() -> None:
    other = IssuerKey(OTHER_PROOF_KEY.public_key())
    with pytest.raises(RecordKeyError):
        proven(SIGNED, issuer_document(ISSUER_ID, [other]))
    with pytest.raises(RecordKeyError):
        proven(SIGNED, issuer_document("did:web:elsewhere.example", [PROOF]))
    swapped = issuer_document(ISSUER_ID, [PROOF])
    swapped["verificationMethod"][0]["publicKeyMultibase"] = other.fragment
    with pytest.raises(ProofRefusedError):
        proven(SIGNED, swapped)


def test_nobody_signs_in_the_name_of_another_issuer() -> None:
    unsigned = credential(award())
    for method in (PROOF.method("did:web:elsewhere.example"), ISSUER_ID, METHOD.partition("#")[2]):
        with pytest.raises(RecordError):
            with_proof(unsigned, PROOF_KEY.sign, method, SIGNED_AT)


@pytest.mark.parametrize(
    "where",
    [(), ("issuer",), ("credentialSubject", "achievement"), ("evidence", 0), ("proof", 0)],
    ids=lambda where: "/".join(map(str, where)) or "top",
)
@pytest.mark.parametrize("name", ["salary", "@index", "_:b0", "credentialstatus"])
def test_a_word_that_no_context_defines_is_refused_anywhere(
    where: tuple[str | int, ...], name: str
) -> None:
    spoiled = changed({"": SIGNED}, ("", *where), lambda part: {**part, name: "x"})[""]
    with pytest.raises(RecordError):
        proven(spoiled, ISSUER)
    if where != ("proof", 0):
        spoiled.pop("proof")
        with pytest.raises(UndefinedTermError):
            with_proof(spoiled, PROOF_KEY.sign, METHOD, SIGNED_AT)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), "records/17"),
        (("id",), "_:b0"),
        (("type", 1), "WonderfulBadge"),
        (("credentialSubject", "type", 0), "achievementSubject"),
        (("credentialStatus", "statusListCredential"), "status/1"),
        (("evidence",), None),
        (("credentialSubject", "achievement", "tag"), []),
        (("credentialSubject", "achievement", "id"), "https://a.example/ b"),
        (("credentialSubject", "achievement", "id"), "https://a.example/\u3000b"),
        (("credentialSubject", "achievement", "id"), "urn:x\n"),
        (("credentialSubject", "achievement", "id"), "@type"),
        (("credentialSubject", "achievement", "id"), "@foo"),
        (("credentialSubject", "result", 0, "type"), "a:b c"),
        (("credentialSubject", "achievement", "name"), {"@language": "en"}),
    ],
)
def test_what_a_canonical_form_would_forget_is_never_signed(
    path: tuple[str | int, ...], value: Any
) -> None:
    with pytest.raises(UndefinedTermError):
        canonical(changed(credential(award()), path, lambda _: value))


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x0c", "\x1b", "\x7f", "\ud800"])
def test_a_character_that_verifiers_write_in_two_ways_is_never_signed(character: str) -> None:
    with pytest.raises(RecordError):
        canonical({**credential(award()), "name": f"Wait{character}time"})


def test_line_ends_tabs_and_quotes_are_written_as_the_standard_writes_them() -> None:
    unsigned = {**credential(award()), "name": 'a\tb\rc\nd"e\\f\u2028'}
    assert b' "a\\tb\\rc\\nd\\"e\\\\f\xe2\x80\xa8" .' in canonical(unsigned)


@pytest.mark.parametrize(
    "context",
    [
        "https://www.w3.org/ns/credentials/v3",
        "https://purl.imsglobal.org/spec/ob/v3p0/context.json",
        {"salary": "https://schema.org/salary"},
        {"@vocab": "https://schema.org/"},
        None,
        17,
    ],
    ids=str,
)
def test_a_context_that_is_not_bundled_is_refused_and_never_fetched(context: Any) -> None:
    unsigned = credential(award())
    outer = {**unsigned, "@context": [*unsigned["@context"], context]}
    inner = changed(unsigned, ("evidence", 0), lambda part: {**part, "@context": [context]})
    for document in (outer, inner):
        with pytest.raises(ContextUnknownError):
            canonical(document)
    with pytest.raises(ContextUnknownError):
        contexts.load("https://elsewhere.example/context.json")


def test_every_bundled_context_is_what_its_digest_says() -> None:
    for address in (
        contexts.CREDENTIALS,
        contexts.DATA_INTEGRITY,
        contexts.OPEN_BADGES,
        contexts.OPEN_BADGES_EXTENSIONS,
        contexts.LEARNER_RECORDS,
    ):
        assert "@context" in contexts.published(address)


def look_alikes(parents: int, children: int) -> dict[str, Any]:
    """An award with parts of no name, each with parts of no name, all saying the same."""
    child = {"type": ["Profile"], "name": "Ada"}
    parent = {"type": ["Profile"], "endorsement": [child] * children}
    unsigned = credential(award())
    return changed(unsigned, ("issuer",), lambda one: {**one, "endorsement": [parent] * parents})


def test_parts_that_look_the_same_are_told_apart() -> None:
    twin = {"type": ["Evidence"], "name": "Lesson"}
    unsigned = credential(award())
    assert canonical({**unsigned, "evidence": [twin] * 60}).count(b"#Evidence> .") == 60


def test_look_alikes_inside_look_alikes_are_told_apart_up_to_a_handful() -> None:
    assert canonical(look_alikes(2, 4)).count(b'"Ada"') == 8
    with pytest.raises(RecordTooComplexError):
        canonical(look_alikes(2, 7))


def test_telling_parts_apart_ends_after_so_many_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = {**credential(award()), "evidence": [{"type": ["Evidence"], "name": "Lesson"}] * 2}
    assert canonical(twins)
    monkeypatch.setattr("ledger.records.canonical.ORDERS_MAX", 1)
    with pytest.raises(RecordTooComplexError):
        canonical(twins)


def test_a_graph_made_to_keep_us_busy_cannot_be_written_at_all() -> None:
    """Eight nodes, each knowing all others, took a processor without limits 89 seconds."""
    people = [f"_:n{number}" for number in range(8)]
    graph = [
        {"id": one, "type": ["Profile"], "parentOrg": [{"id": other} for other in people]}
        for one in people
    ]
    document = changed(credential(award()), ("issuer",), lambda one: {**one, "parentOrg": graph})
    with pytest.raises(UndefinedTermError, match="_:n0"):
        canonical(document)


def test_one_word_said_too_often_of_one_node_is_given_up_before_it_is_compared() -> None:
    """Each of them is compared with each: 4,000 took five seconds."""
    said = [{"id": f"urn:x:{number}"} for number in range(640)]
    thrice = {"id": "urn:same", "type": ["Profile"]}
    for evidence in (said, [said[:300], [[one] for one in said[300:]]]):
        with pytest.raises(RecordTooComplexError):
            canonical({**credential(award()), "evidence": evidence})
    split = [{**thrice, "endorsement": said[first::3]} for first in range(3)]
    with pytest.raises(RecordTooComplexError):
        canonical({**credential(award()), "evidence": split})
    assert canonical({**credential(award()), "evidence": said[:600]})
    assert canonical({**credential(award()), "evidence": [said[0]] * 2_000})


def test_contexts_that_are_kept_come_to_what_they_came_to() -> None:
    options = {"algorithm": "URDNA2015", "format": "application/n-quads"}
    documents = [signed(), listed(), transcript(signed(), signed(record_url="urn:2", levels={}))]
    for document in [*documents, *documents]:
        plain = jsonld.normalize(document, {**options, "documentLoader": contexts.load})
        assert canonical(document) == plain.encode()


def test_a_document_nested_beyond_reason_is_given_up() -> None:
    part: Any = "x"
    for _ in range(5_000):
        part = [part]
    with pytest.raises(RecordTooComplexError):
        canonical({**credential(award()), "evidence": part})


@pytest.mark.parametrize(
    "change",
    [
        {"cryptosuite": "eddsa-jcs-2022"},
        {"cryptosuite": "eddsa-2022"},
        {"type": "Ed25519Signature2020"},
        {"proofPurpose": "authentication"},
        {"created": "yesterday"},
        {"verificationMethod": ISSUER_ID},
        {"verificationMethod": IssuerKey(OTHER_PROOF_KEY.public_key()).method(ISSUER_ID)},
        {"proofValue": "z"},
        {"proofValue": "z0OIl"},
        {"proofValue": "u" + "A" * 86},
        {"proofValue": "z" + "1" * 100_000},
        {"proofValue": 7},
        {"domain": "elsewhere.example"},
        {"previousProof": "urn:uuid:1"},
        {"@context": "https://www.w3.org/ns/credentials/v2"},
    ],
    ids=range(15),
)
def test_a_proof_of_another_kind_or_with_more_to_say_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        proven(changed(SIGNED, ("proof", 0), lambda proof: {**proof, **change}), ISSUER)


@pytest.mark.parametrize(
    "change",
    [{"proofPurpose": "authentication"}, {"cryptosuite": "eddsa-jcs-2022"}],
    ids=["purpose", "suite"],
)
def test_a_good_signature_for_another_purpose_or_suite_proves_nothing(
    change: dict[str, Any],
) -> None:
    unsigned = credential(award())
    options = {**SIGNED["proof"][0], **change}
    del options["proofValue"]
    value = multikeys.encode(PROOF_KEY.sign(signed_bytes(unsigned, options)))
    with pytest.raises(ProofRefusedError):
        proven({**unsigned, "proof": [{**options, "proofValue": value}]}, ISSUER)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2026-11-22T00:00:00"]
)
def test_an_instant_that_is_none_in_utc_or_lacks_its_zone_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        read_instant(text)


def test_half_a_character_is_refused_wherever_it_stands() -> None:
    for path in LEAVES:
        if path[0] not in {"proof", "@context"} and isinstance(path[-1], str):
            document = changed({**SIGNED, "proof": "x"}, path, lambda _: "\ud800")
            with pytest.raises(RecordError):
                canonical(document)
    with pytest.raises(RecordError):
        canonical(changed(credential(award()), ("evidence", 0), lambda one: {**one, "\ud800": "x"}))


@pytest.mark.parametrize("count", [0, 2])
def test_a_record_has_one_proof(count: int) -> None:
    with pytest.raises(ProofRefusedError):
        proven({**SIGNED, "proof": SIGNED["proof"] * count}, ISSUER)


def test_what_is_no_record_at_all_is_refused() -> None:
    for document in (
        {},
        {"proof": SIGNED["proof"]},
        {**SIGNED, "issuer": 5},
        {**SIGNED, "@context": {}},
    ):
        with pytest.raises(RecordError):
            proven(document, ISSUER)
