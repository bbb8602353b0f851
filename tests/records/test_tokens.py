"""Records as tokens: what is in them, and what is refused."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from ledger.records.awards import credential
from ledger.records.documents import RecordError, compact_json
from ledger.records.issuers import IssuerKey, issuer_document
from ledger.records.proofs import ProofRefusedError
from ledger.records.tokens import as_token, from_token
from tests.records.samples import (
    ISSUER,
    ISSUER_ID,
    METHOD,
    TOKEN,
    TOKEN_KEY,
    award,
    changed,
    leaves,
    signed,
)

KID = TOKEN.method(ISSUER_ID)
RECORD = credential(award())
LEAVES = list(leaves(RECORD))


def part(token: str, index: int) -> Any:
    text = token.split(".")[index]
    return json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def signed_as(header: dict[str, Any], payload: Any, key: Any = TOKEN_KEY) -> str:
    """A token whose signature is good, whatever it says."""
    registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    content = payload if isinstance(payload, bytes) else compact_json(payload)
    return jws.serialize_compact(header, content, key, registry=registry)


HEADER = {"alg": "ES256", "kid": KID, "typ": "JWT"}
TOKEN_TEXT = as_token(signed(), TOKEN_KEY, KID)
PAYLOAD = part(TOKEN_TEXT, 1)


def test_a_token_is_the_record_with_the_claims_that_open_badges_asks_for() -> None:
    assert part(TOKEN_TEXT, 0) == HEADER
    expected = {
        **RECORD,
        "iss": ISSUER_ID,
        "jti": RECORD["id"],
        "nbf": 1_795_132_800,
        "sub": RECORD["credentialSubject"]["id"],
        "exp": 1_952_899_200,
    }
    assert expected == PAYLOAD
    assert from_token(TOKEN_TEXT, ISSUER) == RECORD


def test_an_award_that_does_not_end_has_no_end_in_its_token() -> None:
    unending = {name: value for name, value in RECORD.items() if name != "validUntil"}
    token = as_token(unending, TOKEN_KEY, KID)
    assert "exp" not in part(token, 1)
    assert from_token(token, ISSUER) == unending


def test_an_rsa_key_signs_rs256() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    known = IssuerKey(key.public_key())
    token = as_token(RECORD, RSAKey.import_key(key), known.method(ISSUER_ID))
    assert part(token, 0)["alg"] == "RS256"
    assert from_token(token, issuer_document(ISSUER_ID, [known])) == RECORD


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: "/".join(map(str, path)))
def test_a_token_with_any_value_of_the_record_changed_is_refused(
    path: tuple[str | int, ...],
) -> None:
    head, _, signature = TOKEN_TEXT.split(".")
    forged = changed(PAYLOAD, path, lambda value: f"{value}x")
    body = urlsafe_b64encode(compact_json(forged)).decode().rstrip("=")
    with pytest.raises(RecordError):
        from_token(f"{head}.{body}.{signature}", ISSUER)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ({**HEADER, "alg": "ES384"}, ECKey.generate_key("P-384")),
        ({**HEADER, "alg": "HS256"}, OctKey.import_key(json.dumps(ISSUER))),
        ({**HEADER, "alg": "ES256"}, ECKey.generate_key("P-256")),
        ({**HEADER, "typ": "vc+jwt"}, TOKEN_KEY),
        ({**HEADER, "kid": METHOD}, TOKEN_KEY),
        ({**HEADER, "kid": ISSUER_ID}, TOKEN_KEY),
        ({**HEADER, "kid": "https://elsewhere.example/keys/1"}, TOKEN_KEY),
        ({"alg": "ES256", "typ": "JWT"}, TOKEN_KEY),
        ({"alg": "ES256", "kid": KID}, TOKEN_KEY),
        ({**HEADER, "cty": "vc"}, TOKEN_KEY),
        ({**HEADER, "jku": "https://elsewhere.example/jwks"}, TOKEN_KEY),
        ({**HEADER, "jwk": TOKEN_KEY.as_dict(private=False)}, TOKEN_KEY),
    ],
    ids=range(12),
)
def test_a_token_with_another_header_or_key_is_refused(header: dict[str, Any], key: Any) -> None:
    with pytest.raises(RecordError):
        from_token(signed_as(header, PAYLOAD, key), ISSUER)


def test_a_token_that_nobody_signed_is_refused() -> None:
    head = urlsafe_b64encode(compact_json({**HEADER, "alg": "none"})).decode().rstrip("=")
    with pytest.raises(RecordError):
        from_token(f"{head}.{TOKEN_TEXT.split('.')[1]}.", ISSUER)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "did:web:elsewhere.example"},
        {"sub": "urn:uuid:0"},
        {"jti": "urn:uuid:0"},
        {"nbf": 0},
        {"exp": 2_000_000_000},
        {"validFrom": "2020-01-01"},
        {"issuer": "did:web:elsewhere.example"},
    ],
    ids=str,
)
def test_a_token_whose_claims_are_not_those_of_its_record_is_refused(
    change: dict[str, Any],
) -> None:
    assert from_token(signed_as(HEADER, PAYLOAD), ISSUER) == RECORD
    with pytest.raises(RecordError):
        from_token(signed_as(HEADER, {**PAYLOAD, **change}), ISSUER)


@pytest.mark.parametrize("claim", ["iss", "sub", "jti", "nbf", "exp"])
def test_a_token_without_a_claim_is_refused(claim: str) -> None:
    lacking = {name: value for name, value in PAYLOAD.items() if name != claim}
    with pytest.raises(ProofRefusedError):
        from_token(signed_as(HEADER, lacking), ISSUER)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a.b", "a.b.c", "..", "é.é.é", TOKEN_TEXT + ".x", TOKEN_TEXT[:-3]],
    ids=range(8),
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        from_token(text, ISSUER)


@pytest.mark.parametrize("payload", [b"", b"[]", b"7", b"{", b"{}", b"[" * 100_000], ids=range(6))
def test_a_token_without_a_record_inside_is_refused(payload: bytes) -> None:
    with pytest.raises(RecordError):
        from_token(signed_as(HEADER, payload), ISSUER)


def test_nobody_signs_a_token_in_the_name_of_another_or_without_a_subject() -> None:
    with pytest.raises(RecordError):
        as_token(RECORD, TOKEN_KEY, TOKEN.method("did:web:elsewhere.example"))
    anonymous = changed(RECORD, ("credentialSubject",), lambda _: {"type": ["AchievementSubject"]})
    with pytest.raises(RecordError):
        as_token(anonymous, TOKEN_KEY, KID)


def test_a_proof_key_signs_no_token() -> None:
    key = OKPKey.generate_key("Ed25519")
    with pytest.raises(RecordError):
        from_token(signed_as({**HEADER, "alg": "Ed25519", "kid": METHOD}, PAYLOAD, key), ISSUER)
