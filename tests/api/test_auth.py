"""Access tokens: the good one passes, and no forgery we know of does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from api.auth import (
    DEVELOPMENT_KEY_NAME,
    TokenVerifier,
    algorithm_of,
    load_verifier,
    mint_development_token,
    read_key_set,
)
from api.settings import Settings, SettingsError
from ledger.errors import NotSignedInError

PRINCIPAL = UUID("5f1f9b52-6a3e-4b53-9d1b-0d0a3c5a7f10")
OKP = OKPKey.generate_key("Ed25519", {"kid": "one"})
EC = ECKey.generate_key("P-256", {"kid": "two"})
VERIFIER = TokenVerifier({"one": OKP, "two": EC}, issuer="https://id.example", audience="mcledger")


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    given = {"iss": "https://id.example", "aud": "mcledger", "sub": str(PRINCIPAL)}
    every = {**given, "iat": now, "exp": now + 60, **changed}
    return {name: value for name, value in every.items() if value is not None}


def signed(key: Key = OKP, header: Mapping[str, Any] | None = None, **changed: Any) -> str:
    alg = algorithm_of(key) if isinstance(key, OKPKey | ECKey) else "RS256"
    full = {"alg": alg, "kid": "one", "typ": "at+jwt", **(header or {})}
    return jwt.encode(full, claims(**changed), key, algorithms=[full["alg"]])


def by_hand(header: Mapping[str, Any], signature: Callable[[bytes], bytes]) -> str:
    """A token as an attacker writes one, with no library to stop her."""

    def encode(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    unsigned = f"{encode(orjson.dumps(header))}.{encode(orjson.dumps(claims()))}"
    return f"{unsigned}.{encode(signature(unsigned.encode()))}"


def hmac_with(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda message: hmac.new(secret, message, hashlib.sha256).digest()


@pytest.mark.parametrize(("key", "kid"), [(OKP, "one"), (EC, "two")])
def test_a_token_signed_with_a_known_key_says_who_calls(key: Key, kid: str) -> None:
    assert VERIFIER.principal(signed(key, {"kid": kid})) == PRINCIPAL


def test_one_of_several_audiences_is_enough() -> None:
    assert VERIFIER.principal(signed(aud=["payroll", "mcledger"])) == PRINCIPAL


PUBLIC = OKP.as_dict(private=False)
OTHER = OKPKey.generate_key("Ed25519", {"kid": "one"})
HEADER = {"alg": "Ed25519", "kid": "one", "typ": "at+jwt"}
ATTACKS: dict[str, Callable[[], str]] = {
    "no algorithm": lambda: by_hand({**HEADER, "alg": "none"}, lambda _: b""),
    "no algorithm, oddly spelled": lambda: by_hand({**HEADER, "alg": "nOnE"}, lambda _: b""),
    "an empty signature": lambda: by_hand(HEADER, lambda _: b""),
    "an HMAC under the public key": lambda: by_hand(
        {**HEADER, "alg": "HS256"}, hmac_with(base64.urlsafe_b64decode(PUBLIC["x"] + "="))
    ),
    "an HMAC under the public key's PEM": lambda: by_hand(
        {**HEADER, "alg": "HS256"}, hmac_with(OKP.as_pem(private=False))
    ),
    "another algorithm's key": lambda: signed(EC, {"kid": "one"}),
    "RSA": lambda: signed(RSAKey.generate_key(2048)),
    "somebody else's key": lambda: signed(OTHER),
    "a key it brings itself": lambda: signed(OTHER, {"jwk": OTHER.as_dict(private=False)}),
    "an address to fetch a key from": lambda: by_hand(
        {**HEADER, "jku": "https://evil.example/keys"}, lambda _: b"x" * 64
    ),
    "a certificate's address": lambda: by_hand(
        {**HEADER, "x5u": "https://evil.example/cert"}, lambda _: b"x" * 64
    ),
    "a critical extension": lambda: by_hand({**HEADER, "crit": ["b64"]}, lambda _: b"x" * 64),
    "a key name that is a path": lambda: signed(OTHER, {"kid": "../../../dev/null"}),
    "a key name that is no text": lambda: by_hand({**HEADER, "kid": ["one"]}, lambda _: b"x" * 64),
    "no key name": lambda: by_hand({"alg": "Ed25519", "typ": "at+jwt"}, lambda _: b"x" * 64),
    "an unknown key name": lambda: signed(header={"kid": "three"}),
    "an identity token": lambda: signed(header={"typ": "JWT"}),
    "a foreign issuer": lambda: signed(iss="https://evil.example"),
    "no issuer": lambda: signed(iss=None),
    "a foreign audience": lambda: signed(aud="elsewhere"),
    "no audience": lambda: signed(aud=None),
    "foreign audiences": lambda: signed(aud=["a", "b"]),
    "expired a second ago": lambda: signed(exp=int(time.time()) - 1),
    "no expiry": lambda: signed(exp=None),
    "an expiry in words": lambda: signed(exp="tomorrow"),
    "an expiry that is true": lambda: signed(exp=True),
    "not valid yet": lambda: signed(nbf=int(time.time()) + 60),
    "no principal": lambda: signed(sub=None),
    "a principal that is no id": lambda: signed(sub="admin"),
    "a principal that is a number": lambda: signed(sub=7),
    "16 kB": lambda: signed(padding="x" * 16_384),
    "nothing": lambda: "",
    "two parts": lambda: "a.b",
    "no base64": lambda: "ü.ü.ü",
    "a header that is no object": lambda: "W10.e30.AAAA",
    "deep nesting": lambda: base64.urlsafe_b64encode(b"[" * 2000).decode() + ".e30.AA",
    "an encrypted token's five parts": lambda: "e30.e30.e30.e30.e30",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_forged_token_says_nobody(attack: Callable[[], str]) -> None:
    with pytest.raises(NotSignedInError):
        VERIFIER.principal(attack())


def test_every_bit_of_a_token_counts() -> None:
    token = signed()
    head, body, signature = token.split(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    for index in range(0, len(raw), 7):
        flipped = bytearray(raw)
        flipped[index] ^= 1
        forged = base64.urlsafe_b64encode(bytes(flipped)).decode().rstrip("=")
        with pytest.raises(NotSignedInError):
            VERIFIER.principal(f"{head}.{body}.{forged}")


def key_set(path: Path, *entries: Mapping[str, Any]) -> Path:
    path.write_bytes(orjson.dumps({"keys": list(entries)}))
    return path


def production(tmp_path: Path, keys: Path) -> Settings:
    return Settings(
        environment="production",
        database_url="postgresql://nowhere/x",
        token_issuer="https://id.example",
        token_keys_file=keys,
        root_key_file=tmp_path / "root-keys",
        evidence_folder=tmp_path / "evidence",
    )


def test_production_takes_public_keys_from_its_key_set(tmp_path: Path) -> None:
    keys = key_set(tmp_path / "keys.json", PUBLIC, EC.as_dict(private=False))
    assert load_verifier(production(tmp_path, keys)).principal(signed()) == PRINCIPAL


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [OKP.as_dict(private=True)],
        [RSAKey.generate_key(2048, {"kid": "rsa"}).as_dict(private=False)],
        [{**PUBLIC, "kid": "../x"}],
        [PUBLIC, PUBLIC],
        ["text"],
    ],
    ids=["none", "private", "RSA", "a path", "twice", "no key"],
)
def test_a_key_set_that_must_not_be_used_stops_the_start(tmp_path: Path, entries: Any) -> None:
    with pytest.raises(SettingsError):
        read_key_set(key_set(tmp_path / "keys.json", *entries))


def test_production_refuses_a_development_key(tmp_path: Path) -> None:
    keys = key_set(tmp_path / "keys.json", {**PUBLIC, "kid": DEVELOPMENT_KEY_NAME})
    with pytest.raises(SettingsError, match="development"):
        load_verifier(production(tmp_path, keys))


def test_production_mints_no_development_token(tmp_path: Path) -> None:
    settings = production(tmp_path, key_set(tmp_path / "keys.json", PUBLIC))
    with pytest.raises(SettingsError, match="development"):
        mint_development_token(settings, uuid4())


def test_a_development_token_is_good_in_development_only(tmp_path: Path) -> None:
    development = Settings(environment="development", state_folder=tmp_path)

    token = mint_development_token(development, PRINCIPAL)

    assert load_verifier(development).principal(token) == PRINCIPAL
    assert stat.S_IMODE(development.development_token_key.stat().st_mode) == 0o600
    keys = key_set(tmp_path / "keys.json", PUBLIC)
    with pytest.raises(NotSignedInError):
        load_verifier(production(tmp_path, keys)).principal(token)


def test_a_development_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    development = Settings(environment="development", state_folder=tmp_path)
    mint_development_token(development, PRINCIPAL)
    development.development_token_key.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_verifier(development)
