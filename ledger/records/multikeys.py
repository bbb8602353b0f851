"""Public keys and signatures in the text that records write them in: multibase, base58btc.

Source: W3C Controlled Identifiers 1.0, sections 2.2.2 and 2.4; docs/sources.md.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.records.documents import RecordError

_DIGITS: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58BTC: Final = "z"
_ED25519: Final = b"\xed\x01"  # the multicodec of an Ed25519 public key
CHARACTERS_MAX: Final = 128  # a signature of 64 bytes has 89; decoding grows with the square


def encode(content: bytes) -> str:
    """Bytes as base58btc multibase; each leading zero byte is a leading 1."""
    number, digits = int.from_bytes(content), ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    zeros = len(content) - len(content.lstrip(b"\0"))
    return _BASE58BTC + "1" * zeros + digits


def decode(text: object) -> bytes:
    """The bytes of a base58btc multibase text. Raises RecordError."""
    if not isinstance(text, str) or len(text) > CHARACTERS_MAX or not text.startswith(_BASE58BTC):
        raise RecordError("a key or signature is not written as base58btc")
    digits, number = text[1:], 0
    for character in digits:
        value = _DIGITS.find(character)
        if value < 0:
            raise RecordError("a key or signature is not written as base58btc")
        number = number * len(_DIGITS) + value
    zeros = len(digits) - len(digits.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)


def multikey(key: Ed25519PublicKey) -> str:
    """A public key as `publicKeyMultibase`."""
    return encode(_ED25519 + key.public_bytes_raw())


def public_key(text: object) -> Ed25519PublicKey:
    """The public key of a `publicKeyMultibase`. Raises RecordError unless it is Ed25519."""
    content = decode(text)
    if not content.startswith(_ED25519):
        raise RecordError("the key is not an Ed25519 key")
    try:
        return Ed25519PublicKey.from_public_bytes(content.removeprefix(_ED25519))
    except ValueError:
        raise RecordError("the key does not have 32 bytes") from None
