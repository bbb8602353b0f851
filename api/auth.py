"""Access tokens: signed JWTs that say who calls, and nothing about what she may do.

A token is taken only when every one of these holds: it is short; its header has `alg`, `kid` and
`typ` and nothing else, so that no token brings its own key; `kid` names a key of our own set; the
algorithm is the one that key's kind is used with, whatever the header would like; the type is
`at+jwt` (RFC 9068), so that no identity token passes; issuer and audience are ours; it is neither
expired nor early; and `sub` is the id of a principal.

A token for the Open Badges API, as a teacher lets another system of hers have one, says so by its
scope, and opens nothing else of hers.
"""

from __future__ import annotations

import base64
import math
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey

from api.settings import DEVELOPMENT_ISSUER, Settings, SettingsError
from ledger.errors import ForbiddenError, NotSignedInError

TOKEN_BYTES_MAX = 4096
TOKEN_DOTS = 2  # between header, claims and signature
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type
HEADER_NAMES = {"alg", "kid", "typ"}
KEY_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
DEVELOPMENT_KEY_NAME = "development"
DEVELOPMENT_SECONDS = 12 * 3600
SCOPES = "https://purl.imsglobal.org/spec/"  # those of Open Badges, and of records like them
PRIVATE_PARTS = {"d", "p", "q", "k"}


class TokenScopeError(ForbiddenError):
    """The access token was given for something else."""

    slug = "token-scope"


class TokenVerifier:
    """Tells who calls from an access token, by keys that were read once at the start."""

    def __init__(self, keys: Mapping[str, Key], *, issuer: str, audience: str) -> None:
        self._keys = dict(keys)
        self._issuer = issuer
        self._audience = audience

    def principal(
        self, token: str, now_seconds: float | None = None, *, scope: str | None = None
    ) -> UUID:
        """The id of the principal who calls. Raises NotSignedInError, which never says why much.

        `now_seconds` is the wall's time: a year that is played faster ages no token. `scope` is the
        one that is needed, where a token has scopes of Open Badges at all; TokenScopeError else.
        """
        now = time.time() if now_seconds is None else now_seconds
        key, algorithm = self._key_for(token)
        try:
            claims = jwt.decode(token, key, algorithms=[algorithm]).claims
        except (JoseError, ValueError, RecursionError):
            raise NotSignedInError("the access token's signature is not good") from None
        principal = self._checked(claims, now)
        granted = {one for one in str(claims.get("scope", "")).split() if one.startswith(SCOPES)}
        if granted and scope not in granted:
            raise TokenScopeError("the access token is for something else")
        return principal

    def _key_for(self, token: str) -> tuple[Key, str]:
        """The key that the header names, and the only algorithm it may be used with."""
        if len(token) > TOKEN_BYTES_MAX or token.count(".") != TOKEN_DOTS:
            raise NotSignedInError("the access token has not the form of one")
        header = _read_header(token)
        name = header.get("kid")
        if set(header) != HEADER_NAMES or header["typ"] != TOKEN_TYPE:
            raise NotSignedInError("the access token's header is not one this ledger takes")
        key = self._keys.get(name) if isinstance(name, str) else None
        if key is None or header["alg"] != algorithm_of(key):
            raise NotSignedInError("the access token's key or algorithm is not one of ours")
        return key, algorithm_of(key)

    def _checked(self, claims: Mapping[str, Any], now: float) -> UUID:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self._issuer or self._audience not in audiences:
            raise NotSignedInError("the access token was made by or for somebody else")
        expires, begins = _seconds(claims.get("exp")), _seconds(claims.get("nbf", 0))
        if not begins <= now < expires:
            raise NotSignedInError("the access token has expired, or is not valid yet")
        try:
            return UUID(claims["sub"])
        except (KeyError, ValueError, AttributeError, TypeError):
            raise NotSignedInError("the access token names no principal") from None


def _read_header(token: str) -> dict[str, Any]:
    encoded = token.split(".", 1)[0]
    try:
        header = orjson.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError:
        raise NotSignedInError("the access token has not the form of one") from None
    return header if isinstance(header, dict) else {}


def _seconds(value: object) -> float:
    """A time of the token's; what is not a number compares as false with every time."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def algorithm_of(key: Key) -> str:
    """Each kind of key is used with one algorithm, so that none can be talked into another."""
    return "Ed25519" if isinstance(key, OKPKey) else "ES256"


def load_verifier(settings: Settings) -> TokenVerifier:
    """The verifier for these settings. Raises SettingsError when a key must not be used."""
    if settings.token_keys_file is not None:
        keys = read_key_set(settings.token_keys_file)
    else:
        keys = {DEVELOPMENT_KEY_NAME: development_key(settings)}
    if not settings.in_development and DEVELOPMENT_KEY_NAME in keys:
        raise SettingsError("MCLEDGER_TOKEN_KEYS_FILE holds a development key")
    return TokenVerifier(keys, issuer=settings.token_issuer, audience=settings.token_audience)


def read_key_set(path: Path) -> dict[str, Key]:
    """The public keys of a JSON Web Key Set, by their names."""
    try:
        entries = orjson.loads(path.read_bytes())["keys"]
        keys = {entry["kid"]: _public_key(entry) for entry in entries}
    except OSError as error:
        raise SettingsError(f"MCLEDGER_TOKEN_KEYS_FILE cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, JoseError):
        raise SettingsError(f"{path} is not a JSON Web Key Set of public keys") from None
    if not keys or len(keys) != len(entries):
        raise SettingsError(f"{path} holds no key, or two of one name")
    return keys


def _public_key(entry: dict[str, Any]) -> Key:
    """One key of the set: Ed25519 or P-256, named, public."""
    if PRIVATE_PARTS & set(entry) or not KEY_NAME.fullmatch(entry["kid"]):
        raise ValueError("private, or badly named")
    match entry["kty"], entry["crv"]:
        case "OKP", "Ed25519":
            return OKPKey.import_key(entry)
        case "EC", "P-256":
            return ECKey.import_key(entry)
        case _:
            raise ValueError("of a kind that is not used")


def development_key(settings: Settings) -> OKPKey:
    """The key that signs development tokens, made on first use; only its owner may read it."""
    path = settings.development_token_key
    if not settings.in_development:
        raise SettingsError("development tokens are for MCLEDGER_ENVIRONMENT=development only")
    if not path.exists():
        _write_new_key(path)
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} may be read by others; run: chmod 600 {path}")
    return OKPKey.import_key(orjson.loads(path.read_bytes()))


def _write_new_key(path: Path) -> None:
    """Make the file whole or not at all; of two processes at once the first one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    key = OKPKey.generate_key("Ed25519", {"kid": DEVELOPMENT_KEY_NAME, "use": "sig"})
    unfinished = path.with_name(f"{path.name}.{uuid4()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(key.as_dict(private=True)))
        os.link(unfinished, path)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()


def mint_development_token(
    settings: Settings, principal: UUID, seconds: int = DEVELOPMENT_SECONDS, *, scope: str = ""
) -> str:
    """An access token for trying things out. Production has neither the key nor the issuer."""
    now = int(time.time())
    claims = {
        "iss": DEVELOPMENT_ISSUER,
        "aud": settings.token_audience,
        "sub": str(principal),
        "iat": now,
        "exp": now + seconds,
        "jti": str(uuid4()),
        **({"scope": scope} if scope else {}),
    }
    key = development_key(settings)
    header = {"alg": algorithm_of(key), "kid": DEVELOPMENT_KEY_NAME, "typ": TOKEN_TYPE}
    return jwt.encode(header, claims, key, algorithms=[algorithm_of(key)])
