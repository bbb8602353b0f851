"""Keys: the root key outside the database wraps the ledger's own, which wrap each person's.

Whoever has the database alone reads nothing; whoever destroys a person's key has erased her in
every copy and backup of the database at once.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.errors import LedgerError
from ledger.values import id_of_number

AES_256_GCM = 1  # 96-bit random nonce, 128-bit tag; the first byte of every ciphertext
KEY_BYTES = 32
NONCE_BYTES = 12
HEADER_BYTES = 1 + 16 + NONCE_BYTES  # algorithm, key id, nonce


class VaultDamagedError(LedgerError):
    """What the vault holds is not what was put into it."""

    slug = "vault-damaged"
    status = 500


class RootKeyError(LedgerError):
    """The root key cannot be used."""

    slug = "root-key-unusable"
    status = 500


@dataclass(frozen=True, slots=True)
class Key:
    """A secret and the id by which ciphertexts name it."""

    id: UUID
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> Key:
        return cls(id=uuid4(), secret=secrets.token_bytes(KEY_BYTES))


def seal(key: Key, plaintext: bytes, context: bytes) -> bytes:
    """Encrypt; `context` says what this is and whose, and has to be named again to open it."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    body = AESGCM(key.secret).encrypt(nonce, plaintext, bytes([AES_256_GCM]) + context)
    return bytes([AES_256_GCM]) + key.id.bytes + nonce + body


def unseal(key: Key, ciphertext: bytes, context: bytes) -> bytes:
    """Decrypt. Raises VaultDamagedError when a bit differs or it belongs elsewhere."""
    if len(ciphertext) < HEADER_BYTES or ciphertext[0] != AES_256_GCM:
        raise VaultDamagedError("a ciphertext has a form this version does not know")
    if ciphertext[1:17] != key.id.bytes:
        raise VaultDamagedError("a ciphertext names another key than the one kept for it")
    nonce, body = ciphertext[17:HEADER_BYTES], ciphertext[HEADER_BYTES:]
    try:
        return AESGCM(key.secret).decrypt(nonce, body, bytes([AES_256_GCM]) + context)
    except InvalidTag:
        raise VaultDamagedError("a ciphertext was changed, or moved from another place") from None


def key_id_of(ciphertext: bytes) -> UUID:
    """The key that a ciphertext says it was made with."""
    return id_of_number(int.from_bytes(ciphertext[1:17], "big"))


class Hashes:
    """Keyed digests, each purpose under a key of its own derived from one secret of the ledger."""

    PURPOSES: ClassVar[tuple[str, ...]] = (
        "identity",
        "body",
        "duplicate",
        "text-id",
        "file",
        "external-issuer",
        "external-item",
        "disclosures",
    )

    def __init__(self, secret: bytes) -> None:
        self._keys = {purpose: _derive(secret, purpose) for purpose in self.PURPOSES}

    def digest(self, purpose: str, message: bytes) -> bytes:
        return hmac.digest(self._keys[purpose], message, "sha256")

    def start(self, purpose: str) -> hmac.HMAC:
        """A digest to be fed piece by piece."""
        return hmac.new(self._keys[purpose], digestmod="sha256")


def _derive(secret: bytes, purpose: str) -> bytes:
    info = f"microcredential-ledger/{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


class KeyProvider(Protocol):
    """Keeps the root keys, or speaks to the machine that keeps them; it never hands them out.

    What a key management service has to do to be one is in docs/keys.md.
    """

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """Encrypt a key under the newest root key."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Decrypt a key under whichever root key it was wrapped with. Raises RootKeyError."""
        ...


class RootKeyKeeper(KeyProvider, Protocol):
    """May also make and destroy root keys: for whoever rotates them, and for nobody who serves."""

    def key_ids(self) -> tuple[str, ...]:
        """Every root key there is, the newest, which wraps, last."""
        ...

    def id_of(self, wrapped: bytes) -> str:
        """Which root key wrapped this. Asks nobody."""
        ...

    def add(self) -> str:
        """Make a root key, the newest from now on, and keep it safe before answering with its id.

        Raises RootKeyError when only somebody else may make one.
        """
        ...

    def drop(self, key_id: str) -> None:
        """Destroy a root key that is not the newest; whatever it wraps is lost. It may be gone."""
        ...


class FileKeyProvider:
    """Root keys in a file that only its owner may read: for development, never for production.

    One key a line, `id secret`, the newest last. The file is made when it is missing, and read
    again when something was wrapped by a key that it did not have before.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            self._rewrite(lambda keys: keys or {(key := Key.new()).id: key})
        self._keys = _read_root_keys(path)

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        return seal(list(self._keys.values())[-1], secret, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        key_id = key_id_of(wrapped)
        if key_id not in self._keys:
            self._keys = _read_root_keys(self._path)
        if key_id not in self._keys:
            raise RootKeyError("the root key file lacks the key that this ledger was made with")
        return unseal(self._keys[key_id], wrapped, context)

    def key_ids(self) -> tuple[str, ...]:
        return tuple(map(str, self._keys))

    def id_of(self, wrapped: bytes) -> str:
        return str(key_id_of(wrapped))

    def add(self) -> str:
        key = Key.new()
        self._rewrite(lambda keys: {**keys, key.id: key})
        return str(key.id)

    def drop(self, key_id: str) -> None:
        if key_id == self.key_ids()[-1]:
            raise RootKeyError("the newest root key wraps; rotate before it is dropped")
        self._rewrite(
            lambda keys: {known: key for known, key in keys.items() if str(known) != key_id}
        )

    def _rewrite(self, change: Callable[[Mapping[UUID, Key]], Mapping[UUID, Key]]) -> None:
        """Replace the file as a whole, one process at a time, and put it on the disk.

        What a killed process leaves beside it has always the same name, so that the next one
        overwrites it and no dropped key lies about.
        """
        unfinished = self._path.with_name(f".{self._path.name}.unfinished")
        with _alone_in(self._path.parent) as folder:
            before = _read_root_keys(self._path) if self._path.exists() else {}
            keys = change(before)
            if keys == before:
                return
            unfinished.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(unfinished, flags, 0o600), "w") as file:
                file.writelines(f"{key.id} {key.secret.hex()}\n" for key in keys.values())
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path)
            os.fsync(folder)
        self._keys = keys


@contextmanager
def _alone_in(folder: Path) -> Iterator[int]:
    """A folder that no other process changes as we do, made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    except PermissionError:
        raise RootKeyError("the folder of the root key file cannot be written to") from None
    finally:
        os.close(descriptor)


def _read_root_keys(path: Path) -> Mapping[UUID, Key]:
    if path.stat().st_mode & 0o077:
        raise RootKeyError(f"{path} may be read by others; run: chmod 600 {path}")
    keys = {}
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            key_id, secret = line.split()
            key = Key(id=UUID(key_id), secret=bytes.fromhex(secret))
        except ValueError:
            raise RootKeyError(f"line {number} of {path} is not a root key") from None
        keys[key.id] = key
    if not keys or any(len(key.secret) != KEY_BYTES for key in keys.values()):
        raise RootKeyError(f"{path} holds no root key of {KEY_BYTES} bytes")
    return keys
