"""The issuer's document: every key it ever used, and what a key that got loose no longer proves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from ledger.records import multikeys
from ledger.records.documents import RecordError
from ledger.records.issuers import IssuerKey, RecordKeyError, did_web, issuer_document, proof_key
from ledger.records.proofs import proven
from ledger.records.tokens import as_token, from_token
from tests.records.samples import (
    ISSUER,
    ISSUER_ID,
    METHOD,
    OTHER_PROOF_KEY,
    PROOF,
    PROOF_KEY,
    TOKEN,
    TOKEN_KEY,
    changed,
    signed,
)

LOST = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
NEXT = IssuerKey(OTHER_PROOF_KEY.public_key())


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("district.example",), "did:web:district.example"),
        (("district.example", "issuers", "7"), "did:web:district.example:issuers:7"),
        (("localhost:8080",), "did:web:localhost%3A8080"),
    ],
)
def test_an_issuer_is_named_by_where_its_document_is(parts: tuple[str, ...], name: str) -> None:
    assert did_web(*parts) == name


def test_old_awards_are_proven_after_a_key_was_replaced() -> None:
    assert proven(signed(), issuer_document(ISSUER_ID, [PROOF, TOKEN, NEXT])).method == METHOD


def test_a_key_that_got_loose_is_shown_and_proves_nothing() -> None:
    document = issuer_document(
        ISSUER_ID,
        [IssuerKey(PROOF.key, LOST), IssuerKey(TOKEN.key, LOST), NEXT],
    )
    methods = {each["id"]: each for each in document["verificationMethod"]}
    assert methods[METHOD] == {
        "id": METHOD,
        "controller": ISSUER_ID,
        "type": "Multikey",
        "revoked": "2027-01-02T03:04:05Z",
    }
    assert document["assertionMethod"] == [NEXT.method(ISSUER_ID)]
    with pytest.raises(RecordKeyError):
        proven(signed(), document)
    with pytest.raises(RecordKeyError):
        from_token(as_token(signed(), TOKEN_KEY, TOKEN.method(ISSUER_ID)), document)


def test_no_secret_is_in_the_document() -> None:
    methods = ISSUER["verificationMethod"]
    assert [set(each) for each in methods] == [
        {"id", "type", "controller", "publicKeyMultibase"},
        {"id", "type", "controller", "publicKeyJwk"},
    ]
    assert set(methods[1]["publicKeyJwk"]) == {"kty", "crv", "x", "y", "kid"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), "did:web:elsewhere.example"),
        (("verificationMethod",), None),
        (("verificationMethod",), [7]),
        (("verificationMethod", 0, "controller"), "did:web:elsewhere.example"),
        (("verificationMethod", 0, "type"), "JsonWebKey"),
        (("verificationMethod", 0, "publicKeyMultibase"), "z6LS"),
        (("verificationMethod", 1, "id"), METHOD),
        (("assertionMethod",), []),
        (("assertionMethod",), METHOD),
    ],
)
def test_a_document_in_which_the_key_does_not_clearly_stand_is_not_enough(
    path: tuple[str | int, ...], value: Any
) -> None:
    document = changed(ISSUER, path, lambda _: value)
    with pytest.raises(RecordError):
        proof_key(document, ISSUER_ID, METHOD)


def test_a_revoked_key_is_refused_even_where_it_is_still_listed() -> None:
    spoiled = changed(
        ISSUER, ("verificationMethod", 0), lambda one: {**one, "revoked": "2026-01-01T00:00:00Z"}
    )
    assert METHOD in spoiled["assertionMethod"]
    with pytest.raises(RecordKeyError):
        proof_key(spoiled, ISSUER_ID, METHOD)


def test_a_key_by_the_name_of_another_is_refused_even_where_the_issuer_lists_it() -> None:
    foreign = PROOF.method("did:web:elsewhere.example")
    named = changed(ISSUER, ("verificationMethod", 0, "id"), lambda _: foreign)
    listed = changed(named, ("assertionMethod", 0), lambda _: foreign)
    with pytest.raises(RecordKeyError):
        proof_key(listed, ISSUER_ID, foreign)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()).public_key(),
        rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key(),
    ],
    ids=["P-384", "RSA 1024"],
)
def test_a_key_that_tokens_cannot_be_signed_with_is_refused(key: Any) -> None:
    with pytest.raises(RecordKeyError):
        issuer_document(ISSUER_ID, [IssuerKey(key)])


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        {},
        {"kty": "EC"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "EC", "crv": 7, "x": [], "y": {}},
        {**TOKEN_KEY.as_dict(private=True)},
    ],
    ids=range(8),
)
def test_a_token_key_that_is_none_is_refused(jwk: Any) -> None:
    document = changed(ISSUER, ("verificationMethod", 1, "publicKeyJwk"), lambda _: jwk)
    token = as_token(signed(), TOKEN_KEY, TOKEN.method(ISSUER_ID))
    with pytest.raises(RecordError):
        from_token(token, document)


@given(st.binary(max_size=80))
def test_base58_leads_back(content: bytes) -> None:
    assert multikeys.decode(multikeys.encode(content)) == content


@pytest.mark.parametrize("text", [None, "", "u", "6Mk", "z0", "zé", "z" + "2" * 128])
def test_what_is_not_base58_is_refused(text: Any) -> None:
    with pytest.raises(RecordError):
        multikeys.decode(text)


def test_a_key_of_another_kind_or_length_is_refused() -> None:
    raw = PROOF_KEY.public_key().public_bytes_raw()
    for content in (b"\xed\x01" + raw[:-1], b"\xec\x01" + raw, raw):
        with pytest.raises(RecordError):
            multikeys.public_key(multikeys.encode(content))
