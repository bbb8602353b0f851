"""Makes events of any class from what its fields allow: random ones, and one fixed sample."""

from __future__ import annotations

import re
import string
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from hypothesis import strategies as st
from pydantic import AwareDatetime
from pydantic.fields import FieldInfo

from ledger.events.base import Event
from ledger.events.stack import Group
from ledger.values import Value, stream_id

ZONES = ("America/New_York", "America/Phoenix", "Pacific/Honolulu", "UTC")
# For patterns that no name of a field would match.
EXAMPLES = (
    "us-tn",
    "us-tn:PDP",
    "06-30",
    "earned",
    "did:web:sample.example",
    "https://sample.example/1",
    "23:59",
    "2024-25 fall",
)
SPACE_INCLUDED = "\n\t" + string.printable[:95]


@dataclass(frozen=True)
class Limits:
    """What the annotations of one field ask of its value."""

    name: str
    lowest: int = 0
    highest: int = 2**31
    shortest: int = 0
    longest: int = 300
    pattern: str | None = None
    is_zone: bool = False


class Maker(ABC):
    """Walks through the fields of a class; what the leaves become is up to the kind of maker."""

    def event(self, event_class: type[Event]) -> Any:
        return self.model(event_class)

    def model(self, model: type[Value]) -> Any:
        if model is Group:
            return self.group()
        fields = {
            name: self.field(name, field.annotation, field.metadata)
            for name, field in model.model_fields.items()
        }
        return self.build(model, fields)

    def field(self, name: str, annotation: Any, metadata: Sequence[Any]) -> Any:  # noqa: PLR0911
        origin, arguments = get_origin(annotation), get_args(annotation)
        limits = _limits(name, metadata)
        if origin is Annotated:
            return self.field(name, arguments[0], [*metadata, *arguments[1:]])
        if origin in {Union, UnionType}:
            return self.one_of([self.field(name, one, metadata) for one in arguments])
        if origin is Literal:
            return self.choice(arguments)
        if origin is tuple:
            return self.many(self.field(name, arguments[0], ()), limits)
        if isinstance(annotation, type) and issubclass(annotation, Value):
            return self.model(annotation)
        if annotation is str:
            return self.choice(ZONES) if limits.is_zone else self.text(limits)
        return self.leaf(annotation, limits)

    @abstractmethod
    def build(self, model: type[Value], fields: Mapping[str, Any]) -> Any: ...

    @abstractmethod
    def group(self) -> Any: ...

    @abstractmethod
    def one_of(self, made: Sequence[Any]) -> Any: ...

    @abstractmethod
    def choice(self, options: Sequence[Any]) -> Any: ...

    @abstractmethod
    def many(self, one: Any, limits: Limits) -> Any: ...

    @abstractmethod
    def text(self, limits: Limits) -> Any: ...

    @abstractmethod
    def leaf(self, kind: type, limits: Limits) -> Any: ...


class RandomMaker(Maker):
    """Makes strategies: every value that the fields allow."""

    def build(self, model: type[Value], fields: Mapping[str, Any]) -> Any:
        return st.builds(model, **fields)

    def group(self) -> Any:
        return st.recursive(
            st.lists(st.uuids(), min_size=1, max_size=4, unique=True).map(_group),
            lambda inner: st.lists(inner, min_size=1, max_size=3).map(
                lambda groups: Group(title="x", needed=len(groups), groups=tuple(groups))
            ),
            max_leaves=4,
        )

    def one_of(self, made: Sequence[Any]) -> Any:
        return st.one_of(*made)

    def choice(self, options: Sequence[Any]) -> Any:
        return st.sampled_from(options)

    def many(self, one: Any, limits: Limits) -> Any:
        return st.lists(one, min_size=limits.shortest, max_size=3).map(tuple)

    def text(self, limits: Limits) -> Any:
        if limits.pattern is not None:
            whole = limits.pattern.removeprefix("^").removesuffix("$")  # either may be inside, too
            return st.from_regex(rf"\A({whole})\Z")
        letters = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"])
        letters |= st.sampled_from(SPACE_INCLUDED)
        # Composed and stripped as the values do it themselves; some letters grow by that.
        words = st.text(letters, max_size=40).map(
            lambda text: unicodedata.normalize("NFC", text).strip()
        )
        return words.filter(lambda text: len(text) >= limits.shortest and text == text.strip())

    def leaf(self, kind: type, limits: Limits) -> Any:
        return {
            NoneType: st.none(),
            bool: st.booleans(),
            int: st.integers(limits.lowest, limits.highest),
            UUID: st.uuids(),
            date: st.dates(),
            AwareDatetime: st.datetimes(timezones=st.just(UTC)),
        }[kind]


class SampleMaker(Maker):
    """Makes one value, always the same, with nothing left out."""

    def build(self, model: type[Value], fields: Mapping[str, Any]) -> Any:
        return model(**fields)

    def group(self) -> Any:
        inner = _group([stream_id("sample", 1), stream_id("sample", 2)])
        return Group(title="Both", needed=1, groups=(inner,))

    def one_of(self, made: Sequence[Any]) -> Any:
        return next(one for one in made if one is not None)

    def choice(self, options: Sequence[Any]) -> Any:
        return options[0]

    def many(self, one: Any, limits: Limits) -> Any:
        return (one,) * max(limits.shortest, 1)

    def text(self, limits: Limits) -> Any:
        if limits.pattern is None:
            return f"{limits.name.replace('_', ' ').capitalize()} – “é\n\\”"
        prefix, colon, _ = limits.pattern.strip("^").partition("[0-9a-f]{64}")
        if colon:
            return prefix + "0a" * 32
        tried = (f"sample-{limits.name.replace('_', '-')}", *EXAMPLES)
        return next(one for one in tried if re.search(limits.pattern, one))

    def leaf(self, kind: type, limits: Limits) -> Any:
        return {
            NoneType: None,
            bool: True,
            int: min(limits.lowest + 2, limits.highest),
            UUID: stream_id("sample", limits.name),
            date: date(2026, 2, 28),
            AwareDatetime: datetime(2026, 3, 1, 12, 30, 15, 250_000, UTC),
        }[kind]


def _group(credential_ids: Sequence[UUID]) -> Group:
    return Group(title="Any", needed=1, credential_ids=tuple(credential_ids))


def _limits(name: str, metadata: Sequence[Any]) -> Limits:
    """Read the limits off pydantic's own forms of them, whatever nests in what."""
    found: dict[str, Any] = {}
    names = {
        "ge": "lowest",
        "le": "highest",
        "min_length": "shortest",
        "max_length": "longest",
        "pattern": "pattern",
    }
    for one in metadata:
        parts = one.metadata if isinstance(one, FieldInfo) else [one]
        for part in parts:
            for attribute, limit in names.items():
                value = getattr(part, attribute, None)
                if value is not None:
                    found[limit] = value
            if getattr(getattr(part, "func", None), "__name__", "") == "_known_zone":
                found["is_zone"] = True
    return Limits(name, **found)


def events(event_class: type[Event]) -> st.SearchStrategy[Event]:
    """Any event of a class."""
    strategy: st.SearchStrategy[Event] = RandomMaker().event(event_class)
    return strategy


def sample(event_class: type[Event]) -> Event:
    """One event of a class, always the same."""
    event: Event = SampleMaker().event(event_class)
    return event
