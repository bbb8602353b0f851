"""The canonical form of documents that differ in their values alone, many at once.

What a document's words come to in RDF depends on its shape: everything but the strings in it. That
is worked out once. A graph is a set, so a transcript is its frame, and each record inside the
frame, and a rubric is its frame and each level: all share the shapes of their pieces. Names for the
nodes that have none then follow from digests of what each node says, as long as no two say the
same. Whatever is not that simple goes the long way, and what comes out is always the same as there.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from pyld.nquads import XSD_STRING, escape

from ledger.records.canonical import UNNAMED, UNUSUAL, canonical, dataset_of
from ledger.records.documents import Document, RecordError

_SHAPES_KEPT: Final = 512
_FRAME: Final = ("@context", "id", "type")
_HOLDERS: Final = frozenset({"credentialSubject", "achievement"})
_RECORDS: Final = frozenset({"verifiableCredential"})
_PARTS: Final = _RECORDS | {
    "alignment",
    "evidence",
    "result",
    "resultDescription",
    "rubricCriterionLevel",
}
_DEFINING: Final = frozenset({"type", "proofPurpose"})  # their strings are words of a context
_LEAF: Final = re.compile(r"urn:leaf:(\d+):")
_ADDRESS: Final = re.compile(r"(?:https?|did|urn):[^\x00-\x20<>\"{}|^`\\]+")


@dataclass(frozen=True, slots=True)
class _Term:
    """A place in a quad: a node without a name, or text around one string of the document."""

    node: str | None = None
    before: str = ""
    leaf: int | None = None
    after: str = ""


_Quad = tuple[_Term, ...]  # subject, predicate, object, and its graph where that is not the first
_Written = list[tuple[str | None, str]]  # the same with its strings: a node, or text


def canonical_by_shape(document: Document) -> bytes:
    """The same as `canonical`, and refused the same, for documents of our own making."""
    quads: list[_Written] = []
    for number, part in enumerate(_pieces(document, _RECORDS)):
        written = _quads(part, f"{number}")
        if written is None:
            return canonical(document)
        quads += written
    named = _named(quads)
    return canonical(document) if named is None else named


def _pieces(part: Document, names: frozenset[str]) -> Iterator[Document]:
    """Documents whose quads together are those of the whole: a frame, and what stands in it.

    Only what has an id can be stated in two documents and be one node.
    """
    frame = {name: part[name] for name in _FRAME if name in part}
    kept, apart = dict(part), list[Document]()
    for name, value in part.items() if _is_named(part) else ():
        if name in names and isinstance(value, list) and value and all(map(_is_named, value)):
            del kept[name]
            inside = [piece for each in value for piece in _pieces(each, names)]
            apart += [{**frame, name: [piece]} for piece in inside]
        elif name in _HOLDERS and _is_named(value):
            kept[name], *inside = _pieces(value, names)
            apart += [{**frame, name: piece} for piece in inside]
    yield kept
    yield from apart


def _is_named(part: Any) -> bool:
    return isinstance(part, Mapping) and isinstance(part.get("id"), str)


def _quads(document: Document, prefix: str) -> list[_Written] | None:
    """The quads of a document, its nodes without a name told from others by a prefix.

    None when something needs a closer look.
    """
    leaves: list[str] = []
    shape = _shape(document, "", leaves, {})
    try:
        template = _template(json.dumps(shape))
    except RecordError:
        return None
    return _written(template, leaves, prefix)


def _shape(part: Any, name: str, leaves: list[str], ids: dict[str, int]) -> Any:
    """A document in which each string is a number. Equal ids are one node, so one number."""
    if isinstance(part, str):
        if name in _DEFINING or name.startswith("@"):
            return part
        number = ids.get(part, len(leaves)) if name == "id" else len(leaves)
        if number == len(leaves):
            leaves.append(part)
        if name == "id":
            ids[part] = number
        return f"urn:leaf:{number}:"
    if isinstance(part, Mapping):
        return {each: _shape(value, each, leaves, ids) for each, value in part.items()}
    if isinstance(part, Sequence):
        return [_shape(value, name, leaves, ids) for value in part]
    return part


@lru_cache(maxsize=_SHAPES_KEPT)
def _template(shape: str) -> tuple[_Quad, ...]:
    """The quads of a shape, piece by piece: rubrics of any length consist of the same few.

    Raises RecordError where `canonical` would refuse it.
    """
    quads: dict[_Quad, None] = {}
    for number, piece in enumerate(_pieces(json.loads(shape), _PARTS)):
        leaves: list[str] = []
        of_piece = json.dumps(_shape(piece, "", leaves, {}))
        for quad in _worked_out(of_piece):
            quads[tuple(_within(term, leaves, f"{number}.") for term in quad)] = None
    return tuple(quads)


def _within(term: _Term, leaves: Sequence[str], prefix: str) -> _Term:
    """A term of a piece as one of the whole, whose places are the strings of the piece."""
    if term.node is not None:
        return _Term(node=prefix + term.node)
    leaf = None if term.leaf is None else _LEAF.fullmatch(leaves[term.leaf])
    return term if leaf is None else _Term(before=term.before, leaf=int(leaf[1]), after=term.after)


@lru_cache(maxsize=_SHAPES_KEPT)
def _worked_out(shape: str) -> tuple[_Quad, ...]:
    """The quads of a shape, by the JSON-LD processor."""
    return tuple(
        (
            _term(triple["subject"]),
            _term(triple["predicate"]),
            _term(triple["object"]),
            *([] if graph == "@default" else [_term(_graph(graph))]),
        )
        for graph, triples in dataset_of(json.loads(shape)).items()
        for triple in triples
    )


def _graph(name: str) -> dict[str, str]:
    return {"type": "blank node" if name.startswith(UNNAMED) else "IRI", "value": name}


def _term(term: Mapping[str, str]) -> _Term:
    value = term["value"]
    if term["type"] == "blank node":
        return _Term(node=value)
    if UNUSUAL.search(value):
        raise RecordError("no context of the record defines a word")
    opening, closing = ("<", ">") if term["type"] == "IRI" else ('"', _closing(term))
    leaf = _LEAF.fullmatch(value)
    if leaf is None:
        return _Term(before=opening + escape(value) + closing)
    return _Term(before=opening, leaf=int(leaf[1]), after=closing)


def _closing(literal: Mapping[str, str]) -> str:
    if "language" in literal:
        return f'"@{literal["language"]}'
    return '"' if literal["datatype"] == XSD_STRING else f'"^^<{literal["datatype"]}>'


def _written(
    template: tuple[_Quad, ...], leaves: Sequence[str], prefix: str
) -> list[_Written] | None:
    """The quads with the document's strings in them; None when a string needs a closer look."""
    if any(map(UNUSUAL.search, leaves)):
        return None
    quads = []
    for quad in template:
        written: _Written = []
        for term in quad:
            leaf = None if term.leaf is None else leaves[term.leaf]
            if leaf is not None and term.before == "<" and not _ADDRESS.fullmatch(leaf):
                return None
            text = "" if leaf is None else leaf if term.before == "<" else escape(leaf)
            written.append((term.node and prefix + term.node, term.before + text + term.after))
        quads.append(written)
    return quads


def _named(quads: Sequence[_Written]) -> bytes | None:
    """The quads in canonical order, the nodes without a name numbered by what each says.

    None when two nodes say the same, so that telling them apart takes more than this.
    """
    mentions: dict[str, list[_Written]] = defaultdict(list)
    for quad in quads:
        for node in {node for node, _ in quad if node is not None}:
            mentions[node].append(quad)
    digests = {}
    for node, said in mentions.items():
        lines = sorted(_line(quad, defaultdict(lambda: "_:z", {node: "_:a"})) for quad in said)
        digests[sha256("".join(lines).encode()).digest()] = node
    if len(digests) < len(mentions):
        return None
    names = {digests[digest]: f"_:c14n{n}" for n, digest in enumerate(sorted(digests))}
    return "".join(sorted({_line(quad, names) for quad in quads})).encode()


def _line(quad: _Written, names: Mapping[str, str]) -> str:
    return " ".join([text if node is None else names[node] for node, text in quad]) + " .\n"
