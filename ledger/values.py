"""The small values every other module speaks in: instants, dates, money, digests, names.

Money is integer US cents. An instant is an aware datetime in UTC. A date is a plain date that
always travels beside the zone it is a date in. A digest names its algorithm.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import cache
from hashlib import sha1
from typing import Annotated, Any, TypeVar
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo, available_timezones

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

LEDGER_NAMESPACE = UUID("6f1b4a1e-6f0a-5c1c-9d5b-2f3f0a7e9c11")  # never changes: ids hang on it
POSITION_MAX = 2**63 - 1  # no position of the log lies beyond; as of it means as of now
_NAMESPACE_BYTES = LEDGER_NAMESPACE.bytes
_UUID5_KEPT, _UUID5_SET = ~(0xF000 << 64 | 0xC000 << 48), 5 << 76 | 0x8000 << 48  # RFC 9562
_put_number, _put_safety = (vars(UUID)[name].__set__ for name in ("int", "is_safe"))
_SAFETY = SafeUUID.unknown  # to ask an enumeration for it takes longer than all the rest of an id
_put_fields, _put_names, _put_extra, _put_private = (
    vars(BaseModel)[f"__{name}__"].__set__
    for name in ("dict", "pydantic_fields_set", "pydantic_extra", "pydantic_private")
)


class Value(BaseModel):  # noqa: PLW1641 - pydantic gives what is frozen the hash of its fields
    """A frozen group of fields that has no identity of its own.

    Values also arrive as JSON at the edge, where a date is a string, so they are not strict as a
    whole; the numbers and flags below are, so that "5", 5.0 and "yes" are refused everywhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __eq__(self, other: object) -> bool:
        """Fields alone make a value; every event is compared once with what is read back of it."""
        return type(other) is type(self) and other.__dict__ == self.__dict__


AnyValue = TypeVar("AnyValue", bound=Value)


def trusted(kind: type[AnyValue]) -> Callable[[dict[str, Any]], AnyValue]:
    """What makes values of fields, all of them given, that somebody else has checked or will."""
    new, names = kind.__new__, set(kind.model_fields)

    def make(fields: dict[str, Any]) -> AnyValue:
        value = new(kind)
        _put_fields(value, fields)
        _put_names(value, names)
        _put_extra(value, None)
        _put_private(value, None)
        return value

    return make


def id_of_number(number: int) -> UUID:
    """As UUID(int=number), in a sixth of the time: its constructor takes ids in six forms."""
    value = UUID.__new__(UUID)
    _put_number(value, number)
    _put_safety(value, _SAFETY)
    return value


def stream_id(kind: str, *parts: UUID | str | int) -> UUID:
    """The id of a stream that its natural key decides, so that two racers meet one primary key.

    Never used for persons: their ids are random, so that nothing can be computed from a name.
    """
    if set(map(type, parts)) == {UUID}:  # written as one list, in a fifth of the time
        names = orjson.dumps(parts)[2:-2].replace(b'","', b"\x1f")
        name = b"%b\x1f%b" % (kind.encode(), names)
    else:
        name = b"\x1f".join([kind.encode(), *map(_name_of, parts)])
    digest = sha1(_NAMESPACE_BYTES + name, usedforsecurity=False).digest()
    # As uuid5, which takes longer: each award has an id of this kind, and each line of payroll.
    return id_of_number(int.from_bytes(digest[:16], "big") & _UUID5_KEPT | _UUID5_SET)


def _name_of(part: UUID | str | int) -> bytes:
    """As text. Written as JSON, an id takes a tenth of the time."""
    return orjson.dumps(part)[1:-1] if type(part) is UUID else str(part).encode()


def _to_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


@cache
def _zone_names() -> frozenset[str]:
    """Listing them walks the file system: 2 ms, too much for every event."""
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zone_names():
        raise ValueError("not a time zone of the IANA database")
    return name


def _printable(text: object) -> object:
    """Refuse what no database, file or reader can carry: control characters, lone surrogates.

    Comes before the length is checked, for composing letters (NFC) can make a text longer.
    """
    if not isinstance(text, str):
        return text  # the type is refused by the check that follows
    if text.isascii() and text.isprintable():
        return text  # as nearly all of it is, a hundred thousand times in a payroll batch
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t":
            raise ValueError(f"holds the character U+{ord(character):04X}, which text cannot carry")
    return unicodedata.normalize("NFC", text)


def _written_out(value: object) -> object:
    """A date is written out: pydantic would read 0, and "0", as the first of January 1970.

    An instant is no date either: which day it is of depends on the zone.
    """
    if isinstance(value, str):
        written_out = len(value) == len("YYYY-MM-DD") and value[4] == "-"
    else:
        written_out = not isinstance(value, int | float | datetime)
    if not written_out:
        raise ValueError("a date is written as YYYY-MM-DD")
    return value


# Not strict: behind that validator what comes from JSON is a string, also where events are read.
Day = Annotated[date, Field(strict=False), BeforeValidator(_written_out)]
Flag = StrictBool
Count = Annotated[int, Field(strict=True, ge=0, le=10**6)]
Positive = Annotated[int, Field(strict=True, ge=1, le=10**6)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
Days = Annotated[int, Field(strict=True, ge=1, le=36_525)]  # a century: sums stay real dates
Months = Annotated[int, Field(strict=True, ge=1, le=1_200)]
Instant = Annotated[AwareDatetime, AfterValidator(_to_utc)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4000, strip_whitespace=True),
    BeforeValidator(_printable),
]
ShortText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=300, strip_whitespace=True),
    BeforeValidator(_printable),
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_:.-]{0,63}$")]
Jurisdiction = Annotated[str, StringConstraints(pattern=r"^us-[a-z]{2}$")]  # a state, or us-dc
# A unit always says whose it is: a PLU is ten hours in Georgia and one in the District of Columbia.
UnitCode = Annotated[
    str,
    StringConstraints(
        pattern=r"^us-[a-z]{2}(:[a-z0-9][a-z0-9-]{0,40})?:[A-Za-z][A-Za-z0-9-]{0,31}$"
    ),
]
MonthDay = Annotated[  # MM-DD, a day of every year
    str,
    StringConstraints(
        pattern=r"^((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
        r"|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)$"
    ),
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
HmacSha256 = Annotated[str, StringConstraints(pattern=r"^hmac-sha256:[0-9a-f]{64}$")]
# An amount owed: never negative, never a float.
Cents = Annotated[int, Field(strict=True, ge=0, le=10**12)]
SignedCents = Annotated[int, Field(strict=True, ge=-(10**12), le=10**12)]  # below zero: taken back
ByteCount = Annotated[int, Field(strict=True, ge=0, le=2**53)]
FteThousandths = Annotated[int, Field(strict=True, ge=0, le=2000)]  # 1000 is one full-time position


class VaultText(Value):
    """Points at words by or about a person, which live in the vault and never in the log."""

    text_id: UUID
    ciphertext_sha256: Sha256  # of what the vault stored, so that a later swap is seen


def local_date(instant: datetime, zone: str) -> date:
    """The calendar date that people in `zone` read off the wall at `instant`."""
    return instant.astimezone(ZoneInfo(zone)).date()


def beginning_of(day: date, zone: str) -> datetime:
    """The instant at which a day begins for people in `zone`.

    Days are told from instants by our own table of zones alone, never by the database's.
    """
    return datetime.combine(day, time(), ZoneInfo(zone))
