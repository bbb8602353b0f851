"""The binary form in which PostgreSQL takes the few types the log is made of.

The caller of a command packs its values in its own thread; whoever leads the door only joins
what is packed. Through the driver's own adaptation one group took its leader twice as long.
"""

from __future__ import annotations

from struct import Struct
from uuid import UUID

Parameter = UUID | int | list[str] | list[UUID]

BYTEA = 17
BIGINT = 20
INTEGER = 23
TEXT = 25
UUID_TYPE = 2950

NULL = b"\xff\xff\xff\xff"  # a length of -1

_LENGTH = Struct(">i")
_UUID_LENGTH = _LENGTH.pack(16)
_BIGINT = Struct(">q")
_BIGINT_ELEMENT = Struct(">iq")
_INTEGER_ELEMENT = Struct(">ii")
_EMPTY_ARRAY = Struct(">iii")
_ARRAY = Struct(">iiIii")


def element(value: bytes) -> bytes:
    """One element of an array: its length, then itself."""
    return _LENGTH.pack(len(value)) + value


def uuid_element(value: UUID | str) -> bytes:
    assert isinstance(value, UUID), "streams are named by UUIDs here"
    return _UUID_LENGTH + value.bytes


def bigint_element(value: int) -> bytes:
    return _BIGINT_ELEMENT.pack(8, value)


def integer_element(value: int) -> bytes:
    return _INTEGER_ELEMENT.pack(4, value)


def array(type_id: int, elements: bytes, count: int) -> bytes:
    """A one-dimensional array of `count` packed elements, which may include NULL."""
    if count == 0:
        return _EMPTY_ARRAY.pack(0, 0, type_id)
    return _ARRAY.pack(1, 1, type_id, count, 1) + elements


def parameter(value: Parameter) -> bytes:
    """One value as a parameter of a prepared statement; an int is always a bigint."""
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, int):
        return _BIGINT.pack(value)
    packed = [element(_bytes(one)) for one in value]
    return array(_type_of(value), b"".join(packed), len(packed))


def _bytes(value: UUID | str) -> bytes:
    return value.bytes if isinstance(value, UUID) else value.encode()


def _type_of(values: list[str] | list[UUID]) -> int:
    """The type of the elements; a list without any is taken for text."""
    return UUID_TYPE if values and isinstance(values[0], UUID) else TEXT
