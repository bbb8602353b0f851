"""Events from the log without checking again what was checked when they were appended.

The door lets in only what the codec has read back equal, so a projection need not validate every
field a second time: that alone would take longer than reading, decoding and folding together
(13 µs an event against 2). Whatever looks in any way unusual goes to the codec, which reads it or
says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, cast, get_args, get_origin
from uuid import UUID

import orjson
from pydantic import AwareDatetime

from ledger import codec
from ledger.events import EVENT_CLASSES, LedgerEvent
from ledger.values import Value

Key = TypeVar("Key")
Convert = Callable[[Any], Any]
Fields = dict[str, Any]

COLUMNS = ("originator_id", "originator_version")
KNOWN_MAX = 100_000
PLAIN = (int, str, bool)


class _Known(dict[Any, Any], Generic[Key]):
    """Values by the text they were read from; persons and days come again and again."""

    def __init__(self, parse: Callable[[str], Key]) -> None:
        super().__init__({None: None})
        self._parse = parse

    def __missing__(self, text: str) -> Key:
        if len(self) > KNOWN_MAX:
            self.clear()
            self[None] = None
        value = self[text] = self._parse(text)
        return value


_ids: _Known[UUID] = _Known(UUID)
_days: _Known[date] = _Known(date.fromisoformat)


def decode(topic: str, state: bytes, stream: UUID, version: int) -> LedgerEvent:
    """As `ledger.codec.decode`, and raising what that raises."""
    build = _builders().get(topic)
    if build is not None:
        try:
            fields = orjson.loads(state)
            fields["originator_id"] = stream
            fields["originator_version"] = version
            return cast("LedgerEvent", build(fields))
        except (KeyError, TypeError, ValueError):
            pass
    return codec.decode(topic, state, stream, version)


@cache
def _builders() -> dict[str, Convert]:
    """For each topic whose fields are all of kinds known here, what makes an event of them."""
    builders = {topic: _builder(event_class) for topic, event_class in EVENT_CLASSES.items()}
    return {topic: build for topic, build in builders.items() if build is not None}


def _builder(value_class: type[Value]) -> Convert | None:
    """Makes an instance of parsed JSON, field by field, as `model_construct` would.

    None for classes with checks or fields of their own kind, which are left to the codec.
    """
    if value_class.__pydantic_decorators__.model_validators:
        return None
    converted = {}
    for name, info in value_class.model_fields.items():
        if name in COLUMNS:
            continue
        convert = _converter(info.annotation)
        if convert is None:
            return None
        if convert is not _as_it_is:
            converted[name] = convert
    converters = tuple(converted.items())
    names = set(value_class.model_fields)
    count = len(names)
    new, put = value_class.__new__, object.__setattr__

    def build(fields: Fields) -> Value:
        if len(fields) != count:
            raise KeyError("a field is missing, or one is not known")
        for name, convert in converters:
            fields[name] = convert(fields[name])
        value = new(value_class)
        put(value, "__dict__", fields)
        put(value, "__pydantic_fields_set__", names)
        put(value, "__pydantic_extra__", None)
        put(value, "__pydantic_private__", None)
        return value

    return build


def _as_it_is(value: Any) -> Any:
    return value


def _converter(annotation: Any) -> Convert | None:
    """How JSON becomes a value of this type; None for types that the codec has to read."""
    if get_origin(annotation) is Annotated:
        return _converter(get_args(annotation)[0])  # the rest are checks
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is UUID:
        return _ids.__getitem__
    if annotation is date:
        return _days.__getitem__
    if annotation is AwareDatetime:
        return datetime.fromisoformat
    if annotation in PLAIN or origin is Literal:
        return _as_it_is
    if isinstance(annotation, type) and issubclass(annotation, Value):
        return _builder(annotation)
    if origin is tuple and arguments[1:] == (...,):
        return _tuple_converter(_converter(arguments[0]))
    if origin in (Union, UnionType) and len(arguments) == 2 and NoneType in arguments:
        return _optional_converter(next(a for a in arguments if a is not NoneType))
    return None


def _tuple_converter(convert: Convert | None) -> Convert | None:
    if convert is None or convert is _as_it_is:
        return None if convert is None else tuple
    return lambda values: tuple(map(convert, values))


def _optional_converter(annotation: Any) -> Convert | None:
    convert = _converter(annotation)
    if convert is None or convert is _as_it_is or annotation in (UUID, date):
        return convert  # the tables of known values know None
    return lambda value: None if value is None else convert(value)
