"""The public keys that a log is checked against, as somebody outside keeps them in a text file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ledger.errors import LedgerError
from ledger.seal.notes import NoteError, VerifierKey

UNTIL = " until "
Key = TypeVar("Key")


class SealKeyError(LedgerError):
    """The keys of the seal cannot be used."""

    slug = "seal-key-unusable"
    status = 500


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key that signs for a log; a retired one only up to a size, and never beyond."""

    key: VerifierKey
    until: int | None = None

    def __str__(self) -> str:
        return str(self.key) if self.until is None else f"{self.key}{UNTIL}{self.until}"

    def may_sign(self, size: int) -> bool:
        return self.until is None or size <= self.until


def parse_trusted_keys(text: str) -> tuple[TrustedKey, ...]:
    """One key a line, `name+id+key` or `name+id+key until SIZE`. Raises SealKeyError."""
    keys = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            written, until = divided(line, number)
            keys.append(TrustedKey(parsed(VerifierKey.parse, written, number), until))
    if not keys:
        raise SealKeyError("there is no key in it")
    return tuple(keys)


def divided(line: str, number: int) -> tuple[str, int | None]:
    """A key and the size after it. Raises SealKeyError."""
    written, retired, until = line.strip().partition(UNTIL)
    if retired and not (until.isascii() and until.isdecimal()):
        raise SealKeyError(f"line {number} does not say up to which size the key has signed")
    return written, int(until) if retired else None


def parsed(parse: Callable[[str], Key], written: str, number: int) -> Key:
    """The key of a line. Raises SealKeyError, which names the line and not what is in it."""
    try:
        return parse(written)
    except NoteError as error:
        raise SealKeyError(f"line {number}: {error}") from None
