"""What a signature covers: the canonical N-Quads of a JSON-LD document (RDFC-1.0).

A JSON-LD processor passes over what it does not know: a word no context defines, a relative
address, a null. Such a part would be in the record and not under its signature, so a document that
has one is refused. And some graphs of a kilobyte take minutes to bring into their canonical order,
so the work is counted and ends.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from math import factorial
from typing import Any, Final

from pyld import jsonld
from pyld.canon import URDNA2015

from ledger.records.contexts import ContextUnknownError, known, load
from ledger.records.documents import Document, RecordError
from ledger.records.processor import Processor, UndefinedTermError

DEPTH_MAX: Final = 40  # a transcript with endorsed awards inside is 12 deep
ORDERS_MAX: Final = 4_000  # a transcript in which nothing but the awards' ids differ has a tenth
PAIRS_MAX: Final = 400_000  # a tenth of a second; 600 parts of one node come to as many
_PAIRS_OF_A_PART: Final = 100  # are compared while one part is worked out
_VOCABULARY: Final = "urn:undefined:"
_BASE: Final = "https://undefined.invalid/"
UNDEFINED: Final = (_VOCABULARY, _BASE)
UNNAMED: Final = "_:"  # such names are given anew in the canonical form
_CONTROLS: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f"  # pyld does not write these as RDFC-1.0 does
# Whatever makes a string more than text or an address: where there is none, none is refused.
UNUSUAL: Final = re.compile(
    rf"^{UNNAMED}|[{_CONTROLS}\ud800-\udfff]|" + "|".join(map(re.escape, UNDEFINED))
)
_CONTROL: Final = re.compile(f"[{_CONTROLS}]")
_OF_WORDS: Final = frozenset({"@language", "@value"})
_KEYWORDS: Final = _OF_WORDS | {"@context"}
_LANGUAGE: Final = re.compile("[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_left: ContextVar[list[int] | None] = ContextVar("work_left", default=None)


class RecordTooComplexError(RecordError):
    """The record takes too much work to check."""

    slug = "record-too-complex"


@contextmanager
def at_most(parts: int) -> Iterator[None]:
    """Inside, RecordTooComplexError is raised once more than so many parts had to be worked out.

    A part is whatever JSON nests: a name's value or what stands in a list. A hundred comparisons
    and the trying of one order count as a part, for they take about as long.
    """
    token = _left.set([parts])
    try:
        yield
    finally:
        _left.reset(token)


def spend(parts: int) -> None:
    """Count work that was done, or is about to be. Raises RecordTooComplexError."""
    left = _left.get()
    if left is None:
        return
    left[0] -= parts
    if left[0] < 0:
        raise RecordTooComplexError("too many parts of the record are unlike all others")


def canonical(document: Document) -> bytes:
    """The canonical N-Quads of a document.

    Raises ContextUnknownError, UndefinedTermError, RecordTooComplexError or RecordError.
    """
    dataset = dataset_of(document)
    try:
        quads = ordered(dataset)
        content = quads.encode()
    except UnicodeEncodeError:
        raise RecordError("the record holds half a character") from None
    for undefined in UNDEFINED:
        if (at := quads.find(undefined)) >= 0:
            word = quads[at + len(undefined) :].partition(">")[0]
            raise UndefinedTermError(f"no context of the record defines {word[:100]!r}")
    return content


def ordered(dataset: Any) -> str:
    """The canonical N-Quads of RDF. Raises RecordTooComplexError."""
    quads: str = _BoundedWork().main(dataset, {"format": "application/n-quads"})
    return quads


def dataset_of(document: Document) -> Any:
    """The RDF of a document, each graph by its name, in which what is undefined can be seen."""
    spend(1)
    exposed = _exposed(document, 0)
    _must_be_comparable(exposed)
    try:
        return Processor().to_rdf(exposed, {"documentLoader": load, "base": _BASE})
    except (jsonld.JsonLdError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordError(f"the record is not JSON-LD: {_innermost(error)}") from None


class _BoundedWork(URDNA2015):  # type: ignore[misc]
    """The canonical order of nodes without a name, given up once it takes too long.

    What grows without bounds is the trying of orders, of neighbors of one node that look the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self._orders = 0

    def create_hash_to_related(self, id_: str, issuer: Any) -> Any:
        related = super().create_hash_to_related(id_, issuer)
        orders = 1 + sum(factorial(len(neighbors)) for neighbors in related.values())
        self._orders += orders
        if self._orders > ORDERS_MAX:
            raise RecordTooComplexError("the record has too many parts that look the same")
        spend(orders)
        return related


def _exposed(part: Any, depth: int) -> Any:
    """A copy in which whatever is undefined gets a name to be found by.

    The name is added to every context, for a context may make one forget those around it. Where
    nothing is undefined it changes no quad.
    """
    if depth > DEPTH_MAX:
        raise RecordTooComplexError(f"the record is nested more than {DEPTH_MAX} deep")
    if isinstance(part, Mapping):
        if part.keys() & _OF_WORDS:
            _must_be_words(part)
        return {
            name: _known_contexts(value) if name == "@context" else _exposed(value, depth + 1)
            for name, value in part.items()
            if _covered(name, value)
        }
    if isinstance(part, Sequence) and not isinstance(part, str):
        return [_exposed(value, depth + 1) for value in part if _covered("a list", value)]
    return part


def _must_be_words(part: Mapping[str, Any]) -> None:
    """A language or a type is signed as it stands, so it could hold lines of another."""
    language = part.get("@language", "en")
    if "@value" not in part or not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        raise UndefinedTermError("a language is a tag of words, else no signature covers it")
    if not part.keys() <= _OF_WORDS:
        raise UndefinedTermError("records say of words their language and nothing else")


def _must_be_comparable(document: Document) -> None:
    """What a node says in one word is compared each with each, for a graph says nothing twice."""
    said: defaultdict[tuple[object, str], list[object]] = defaultdict(list)
    left: list[tuple[object, str, Any]] = [(None, "", document)]
    while left:
        node, name, value = left.pop()
        if isinstance(value, list):
            left.extend((node, name, each) for each in value)
            continue
        if isinstance(value, Mapping):
            inside = value["id"] if isinstance(value.get("id"), str) else id(value)
            left.extend((inside, word, each) for word, each in value.items())
            value = inside
        said[node, name].append(value)
    pairs = sum(len(each) * len(set(each)) for each in said.values())
    if pairs > PAIRS_MAX:
        raise RecordTooComplexError("a part of the record says too much in one word")
    spend(sum(map(len, said.values())) + pairs // _PAIRS_OF_A_PART)


def _known_contexts(value: Any) -> list[Any]:
    """The contexts of a document or a part. One written into it could turn words around."""
    addresses = value if isinstance(value, list) else [value]
    for address in addresses:
        if not known(address):
            raise ContextUnknownError(
                f"the context {str(address)[:200]} does not come with this ledger"
            )
    return _with_vocabulary(*addresses)


@lru_cache(maxsize=32)
def _with_vocabulary(*addresses: str) -> list[Any]:
    """One list for the same contexts, for the processor knows by it what they come to."""
    return [*addresses, {"@vocab": _VOCABULARY}]


def _covered(name: str, value: Any) -> bool:
    """Always true: what a canonical form forgets is refused."""
    if value is None or value == []:
        raise UndefinedTermError(f"the empty value of {name[:100]} is covered by no signature")
    if isinstance(value, str) and value.startswith(UNNAMED):
        raise UndefinedTermError(f"the name {value[:100]} is covered by no signature")
    if isinstance(value, str) and _CONTROL.search(value):
        raise RecordError(f"{name[:100]} holds a control character, which verifiers write apart")
    if name.startswith(("@", UNNAMED)) and name not in _KEYWORDS:
        raise UndefinedTermError(f"records do not use {name[:100]}")
    if ":" in name:  # the same to a signature, and passed over by whoever looks for the word
        raise UndefinedTermError(f"records have a word of their context for {name[:100]!r}")
    return True


def _innermost(error: Exception) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return str(cause).partition("\n")[0][:200]
