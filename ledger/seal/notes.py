"""Signed notes, checkpoints, cosignatures and proofs as the C2SP specifications write them.

A note is text and, below an empty line, one line for each signature over it. A checkpoint is a
note that says how large a log is and what the root of its tree is. A `.tlog-proof` is the proof
that one leaf is in the tree of a checkpoint, in one file that is checked without us. Signatures of
unknown keys are passed over; what a known key has not signed is refused.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes
from struct import Struct
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import InvalidError
from ledger.seal.merkle import HASH_BYTES, inclusion_holds

SIGNATURE = 0x01  # Ed25519 over the text
COSIGNATURE = 0x04  # of a witness: Ed25519 over a time and the text
KEY_BYTES = 32
KEY_ID_BYTES = 4
NOTE_CHARACTERS_MAX = 1_000_000
SIGNATURES_MAX = 100
PROOF_HEAD = "c2sp.org/tlog-proof@v1"
PRIVATE = "PRIVATE+KEY"
_UNFIT = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")  # control characters, half characters
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_NAME = re.compile(r"[^\s+]+")
_TIME = Struct(">Q")


class NoteError(InvalidError):
    """The note, checkpoint, key or proof cannot be relied on."""

    slug = "note-unusable"


class SignatureLine(NamedTuple):
    """Who says to have signed, and what came of it; believed only once a key has verified it."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"— {self.name} {_encode(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key, and in whose name it signs. Its text is what Go's notes call a vkey."""

    name: str
    algorithm: int
    public: bytes

    @property
    def id(self) -> bytes:
        """What signature lines name the key by."""
        content = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return sha256(content).digest()[:KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_encode(bytes([self.algorithm]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """The key of `name+id+base64`. Raises NoteError."""
        key = cls(*_parse_key(text.split("+", 2), "public key"))
        if str(key) != text:
            raise NoteError("a public key does not have the id that it says")
        return key

    def made(self, line: SignatureLine) -> bool:
        """Whether a line says to be of this key."""
        return (line.name, line.key_id) == (self.name, self.id)

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether this key made a signature of a text."""
        message = text.encode()
        if self.algorithm == COSIGNATURE:
            if len(signature) < _TIME.size:
                return False
            message = _cosigned(text, cosigned_at(signature))
            signature = signature[_TIME.size :]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret key. Its text is what Go's notes call an skey."""

    name: str
    algorithm: int
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, name: str, algorithm: int = SIGNATURE) -> SigningKey:
        """A new random key. Raises NoteError for a name that cannot stand in a note."""
        return cls(_checked_name(name), algorithm, token_bytes(KEY_BYTES))

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self.algorithm, self._private.public_key().public_bytes_raw())

    def secret_text(self) -> str:
        """The whole key as text, to be kept where nobody else reads it."""
        encoded = _encode(bytes([self.algorithm]) + self.secret)
        return f"{PRIVATE}+{self.name}+{self.verifier.id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """The key of `PRIVATE+KEY+name+id+base64`. Raises NoteError, which tells no secret."""
        if not text.startswith(PRIVATE + "+"):
            raise NoteError("a secret key begins with PRIVATE+KEY")
        key = cls(*_parse_key(text.removeprefix(PRIVATE + "+").split("+", 2), "secret key"))
        if key.secret_text() != text:
            raise NoteError("a secret key does not have the id that it says")
        return key

    def sign(self, text: str, at: int = 0) -> SignatureLine:
        """Sign a text; a witness does so `at` a time in seconds since 1970."""
        if self.algorithm == COSIGNATURE:
            signature = _TIME.pack(at) + self._private.sign(_cosigned(text, at))
        else:
            signature = self._private.sign(text.encode())
        return SignatureLine(self.name, self.verifier.id, signature)

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.secret)


class Note(NamedTuple):
    """A text and what stands below it."""

    text: str
    lines: tuple[SignatureLine, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(map(str, self.lines))

    @classmethod
    def parse(cls, written: str) -> Note:
        """The note in its one right form. Raises NoteError."""
        if len(written) > NOTE_CHARACTERS_MAX:
            raise NoteError("the note is too long")
        if _UNFIT.search(written) or not written.endswith("\n"):
            raise NoteError("a note is lines of text, each ended")
        text, found, signatures = written.rpartition("\n\n")
        lines = signatures.split("\n")[:-1]
        if not found or not lines or len(lines) > SIGNATURES_MAX:
            raise NoteError(
                f"a note ends with 1 to {SIGNATURES_MAX} signatures below an empty line"
            )
        return cls(text + "\n", tuple(map(_parse_line, lines)))

    def signers(self, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
        """Which of these keys have signed. Raises NoteError when one says so and has not."""
        signed = []
        for key in keys:
            for line in filter(key.made, self.lines):
                if not key.verifies(self.text, line.signature):
                    raise NoteError(f"the signature of {key.name} is not one of this text")
                signed.append(key)
        return signed


class Checkpoint(NamedTuple):
    """How large a log is, and the root of its tree."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{_encode(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint that the text of a note says. Raises NoteError.

        Further lines are covered by the signatures, and mean nothing here.
        """
        lines = text.split("\n")[:-1]
        if len(lines) < 3 or not all(lines) or not _NUMBER.fullmatch(lines[1]):  # noqa: PLR2004
            raise NoteError("a checkpoint is three lines: origin, size and root")
        root = _decode(lines[2], "root")
        if len(root) != HASH_BYTES:
            raise NoteError(f"a root has {HASH_BYTES} bytes")
        return cls(lines[0], int(lines[1]), root)


def checkpoint_of(written: str) -> Checkpoint:
    """What a note says, whoever has signed it. Raises NoteError."""
    return Checkpoint.parse(Note.parse(written).text)


def open_checkpoint(written: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """The checkpoint of a note that one of these keys has signed for its own log.

    A key is named like the log it signs for, so that no checkpoint passes for one of another log.

    Raises:
        NoteError: the note has not the right form, or no such signature.
    """
    note = Note.parse(written)
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin not in {key.name for key in note.signers(keys)}:
        raise NoteError("no key that is trusted here has signed this checkpoint")
    return checkpoint


@dataclass(frozen=True, slots=True)
class Proof:
    """That the leaf of an index is in the tree of a checkpoint; `extra` is proved by nobody."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str  # the whole note
    extra: bytes | None = None

    def __str__(self) -> str:
        extra = [] if self.extra is None else [f"extra {_encode(self.extra)}"]
        lines = [PROOF_HEAD, *extra, f"index {self.index}", *map(_encode, self.hashes)]
        return "\n".join(lines) + f"\n\n{self.checkpoint}"

    @classmethod
    def parse(cls, written: str) -> Proof:
        """The proof in its one right form. Raises NoteError."""
        head, _, checkpoint = written.partition("\n\n")
        first, *lines = head.split("\n")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = _decode(lines.pop(0).removeprefix("extra "), "extra")
        if first != PROOF_HEAD or not lines or not checkpoint:
            raise NoteError(f"a proof begins with {PROOF_HEAD} and ends with a checkpoint")
        word, _, number = lines[0].partition(" ")
        if word != "index" or not _NUMBER.fullmatch(number):
            raise NoteError("a proof says which index it is of")
        hashes = tuple(_decode(line, "hash") for line in lines[1:])
        return cls(int(number), hashes, checkpoint, extra)

    def check(self, leaf: bytes, keys: Iterable[VerifierKey]) -> Checkpoint:
        """The checkpoint that covers this leaf, signed by one of these keys. Raises NoteError."""
        checkpoint = open_checkpoint(self.checkpoint, keys)
        if not inclusion_holds(leaf, self.index, checkpoint.size, self.hashes, checkpoint.root):
            raise NoteError(f"the leaf is not what the log holds at index {self.index}")
        return checkpoint


def cosigned_at(signature: bytes) -> int:
    """When a witness has signed, in seconds since 1970."""
    return int(_TIME.unpack_from(signature)[0])


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _parse_line(line: str) -> SignatureLine:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    content = _decode(encoded, "signature")
    if dash != "—" or len(content) <= KEY_ID_BYTES:
        raise NoteError("a signature is a dash, a name, and a key id with a signature")
    return SignatureLine(_checked_name(name), content[:KEY_ID_BYTES], content[KEY_ID_BYTES:])


def _parse_key(parts: list[str], what: str) -> tuple[str, int, bytes]:
    if len(parts) != 3:  # noqa: PLR2004 - name, id, key
        raise NoteError(f"a {what} is a name, an id and a key")
    content = _decode(parts[2], what)
    if len(content) != 1 + KEY_BYTES or content[0] not in {SIGNATURE, COSIGNATURE}:
        raise NoteError(f"a {what} is of a kind that is not known here")
    return _checked_name(parts[0]), content[0], content[1:]


def _checked_name(name: str) -> str:
    if not _KEY_NAME.fullmatch(name) or _UNFIT.search(name):
        raise NoteError("the name of a key has neither spaces nor plus signs")
    return name


def _encode(content: bytes) -> str:
    return b64encode(content).decode()


def _decode(text: str, what: str) -> bytes:
    """Base64 in its one right form: other spellings of the same bytes are refused."""
    try:
        content = b64decode(text, validate=True)
    except (Error, ValueError):
        content = b""
    if not content or _encode(content) != text:
        raise NoteError(f"a {what} is not written in base64 as it has to be")
    return content
