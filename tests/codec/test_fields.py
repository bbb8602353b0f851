"""What the fields of events can hold: nothing that says who somebody is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from ledger.events import EVENT_CLASSES
from ledger.events.person import PersonEvent

Field = tuple[str, Any, tuple[str, ...]]  # its name, its type, the patterns that a text has to fit
SLUG = "^[a-z0-9][a-z0-9_:.-]{0,63}$"
KEYED = "^hmac-sha256:"  # by a secret of the vault, or by a random salt that it keeps
PLAIN = "^sha256:"
# Texts in events about a person. Each is made by a program, or is what an organization published.
KNOWN_TEXTS = {
    "media_type": "sniffed from the bytes",
    "board_reference": "a minute of the board's",
    "fund_source": "the district's, of its payroll",
    "account": "the district's, of its payroll",
    "issuer_id": "of an organization that the district named",
    "title": "of a micro-credential that an earlier system awarded",
    "issuer": "of an organization, as an earlier system named it",
    "key": "the issuer's, public",
    "token_key": "the issuer's, public",
    "zone": "of the IANA database",
}
PLAIN_DIGESTS = {
    "ciphertext_sha256": "of what only the vault can read",
    "secret_sha256": "of what was drawn at random",
    "common_root": "of the tree",
}


def fields_of(model: type[BaseModel], inside: tuple[type[BaseModel], ...] = ()) -> Iterator[Field]:
    """Every field of an event, those of its values among them."""
    for name, field in model.model_fields.items():
        yield from _parts(name, field.annotation, tuple(field.metadata), (*inside, model))


def _parts(
    name: str, kind: Any, rules: tuple[Any, ...], inside: tuple[type[BaseModel], ...]
) -> Iterator[Field]:
    if get_origin(kind) is Annotated:
        bare, *more = get_args(kind)
        yield from _parts(name, bare, (*more, *rules), inside)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind not in inside:
            yield from fields_of(kind, inside)
    elif get_origin(kind) is Literal:
        return
    elif parts := get_args(kind):
        for part in parts:
            yield from _parts(name, part, rules if len(parts) == 2 else (), inside)
    else:
        patterns = (getattr(rule, "pattern", None) for rule in rules)
        yield name, kind, tuple(str(pattern) for pattern in patterns if pattern)


ABOUT_PERSONS = {
    topic: event_class
    for topic, event_class in EVENT_CLASSES.items()
    if issubclass(event_class, PersonEvent)
    or any(n == "person_id" for n, *_ in fields_of(event_class))
}


def test_every_event_of_an_enrollment_says_whose_it_is() -> None:
    """So that a bad one holds up her record alone, and a rebuild gives it to her worker."""
    found = {t: c for t, c in EVENT_CLASSES.items() if t.startswith("enrollment.")}
    assert len(found) > 20
    assert [t for t, c in found.items() if not c.model_fields["person_id"].is_required()] == []


def test_an_event_about_a_person_holds_codes_and_no_words() -> None:
    """Words by or about somebody lie in the vault; a new text has to say here why it is none."""
    assert len(ABOUT_PERSONS) > 60
    texts = {
        f"{topic}: {name}"
        for topic, event_class in ABOUT_PERSONS.items()
        for name, kind, patterns in fields_of(event_class)
        if kind is str and not patterns and name not in KNOWN_TEXTS
    }
    assert texts == set()


def test_no_digest_in_an_event_can_be_tried_without_a_secret() -> None:
    """A name or a number has so few values that whoever has the log could try them all."""
    plain = {
        f"{topic}: {name}"
        for topic, event_class in EVENT_CLASSES.items()
        for name, _, patterns in fields_of(event_class)
        if any(one.startswith(PLAIN) for one in patterns) and name not in PLAIN_DIGESTS
    }
    assert plain == set()
    keyed = [n for c in EVENT_CLASSES.values() for n, _, p in fields_of(c) if KEYED in str(p)]
    assert "identity_hmac" in keyed


@pytest.mark.parametrize("name", ["reason", "reasons", "ground", "grounds", "authority"])
def test_a_reason_is_a_code(name: str) -> None:
    patterns = {
        patterns
        for event_class in EVENT_CLASSES.values()
        for found, kind, patterns in fields_of(event_class)
        if found == name and kind is str
    }
    assert patterns <= {(SLUG,)}
