"""The canonical form of documents that differ in their values alone, many at once.

What a document's words come to in RDF depends on its shape: everything but the strings in it. That
is worked out once. A graph is a set, so a transcript is its frame, and each record inside the
frame, and a rubric is its frame and each level: all share the shapes of their pieces. Names for the
nodes that have none then follow from digests of what each node says, as long as no two say the
same. Whatever is not that simple goes the long way, and what comes out is always the same as there,
also for a document that somebody made so that it should not.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple

from pyld.nquads import RDF_LANGSTRING, XSD_STRING, escape

from ledger.records import processor
from ledger.records.canonical import (
    UNDEFINED,
    UNNAMED,
    UNUSUAL,
    canonical,
    dataset_of,
    ordered,
    spend,
)
from ledger.records.contexts import words
from ledger.records.documents import Document, RecordError

_SHAPES_KEPT: Final = 512
_CHARACTERS_OF_A_PART: Final = 200  # of a shape are written while one part is worked out
_FRAME: Final = ("@context", "id", "type")
_HOLDERS: Final = frozenset({"credentialSubject", "achievement"})
_RECORDS: Final = frozenset({"verifiableCredential"})
_LISTING: Final = ("ClrSubject", ["ClrSubject"])  # what records may stand in one by one
_PARTS: Final = _RECORDS | {
    "alignment",
    "evidence",
    "result",
    "resultDescription",
    "rubricCriterionLevel",
}
_DEFINING: Final = frozenset({"type", "proofPurpose"})  # their strings are words of a context
_PLACE: Final = "urn:leaf:"  # of a string of the document, with its number behind it
_LEAF: Final = re.compile(rf"{_PLACE}(\d+):")
_UNUSUAL_LINE: Final = re.compile(UNUSUAL.pattern, re.MULTILINE)
_ESCAPED: Final = re.compile(r"\\(.)")
_PLAIN: Final = {"t": "\t", "n": "\n", "r": "\r"}
_ADDRESS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):[^\s<>\"{}|^`\\]+")


class _Term(NamedTuple):
    """A place in a quad: a node without a name, or text around one string of the document."""

    node: str | None = None
    before: str = ""
    leaf: int | None = None
    after: str = ""


_Quad = tuple[_Term, ...]  # subject, predicate, object, and its graph where that is not the first
_Text = tuple[str | None, str]  # a term with its string: a node without a name, or text


@dataclass(frozen=True, slots=True)
class _Template:
    """The quads of a shape, each by the indexes of its terms."""

    terms: tuple[_Term, ...]
    named: tuple[tuple[int, ...], ...]  # quads in which every node has a name
    unnamed: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Quads:
    """Quads of documents: lines where every node has a name, and the rest."""

    lines: set[str]
    unnamed: set[tuple[_Text, ...]]


def canonical_by_shape(document: Document) -> bytes:
    """The same as `canonical`, and refused the same, in a fraction of its time."""
    quads = _Quads(set(), set())
    try:
        for number, piece in enumerate(_pieces(document, _RECORDS)):
            _add(quads, piece, f"{number}")
    except RecordError:
        return canonical(document)
    return "".join(sorted(quads.lines.union(_named(quads.unnamed)))).encode()


def forget() -> None:
    """Begin as a new process does, which has worked out no shape and no context."""
    processor.forget()
    _template.cache_clear()
    _worked_out.cache_clear()


def _pieces(part: Document, names: frozenset[str]) -> Iterator[Document]:
    """Documents whose quads together are those of the whole: a frame, and what stands in it.

    Only what has an id can be stated in two documents and be one node; what has none stays whole.
    """
    frame = {name: part[name] for name in _FRAME if name in part}
    kept, apart = dict(part), list[Document]()
    for name, value in part.items() if _is_named(part) else ():
        if name in _RECORDS and part.get("type") not in _LISTING:
            continue  # may be a graph of its own
        if name in names and isinstance(value, list) and value and all(map(_is_part, value)):
            del kept[name]
            inside = [piece for each in value for piece in _pieces(each, names)]
            apart += [{**frame, name: [piece]} for piece in inside]
        elif name in _HOLDERS and _is_named(value):
            kept[name], *inside = _pieces(value, names)
            apart += [{**frame, name: piece} for piece in inside]
    yield kept
    yield from apart


def _is_named(part: Any) -> bool:
    return _is_part(part) and isinstance(part.get("id"), str)


def _is_part(part: Any) -> bool:
    return isinstance(part, Mapping)


def _add(quads: _Quads, document: Document, prefix: str) -> None:
    """Add the quads of a document, its nodes without a name told from others by a prefix.

    Raises RecordError when something needs a closer look.
    """
    leaves: list[str] = []
    template = _template(_shape_of(document, leaves))
    if _may_be_more_than_text("\n".join(leaves)):
        raise RecordError("a string may be more than text")
    texts = [_text(term, leaves, prefix) for term in template.terms]
    words = [text for _, text in texts]
    for quad in template.named:
        quads.lines.add(" ".join([words[index] for index in quad]) + " .\n")
    for quad in template.unnamed:
        quads.unnamed.add(tuple([texts[index] for index in quad]))


def _may_be_more_than_text(lines: str) -> bool:
    """Most texts show that they are not by what is quick to see."""
    plain = lines.replace("\n", "").replace("\t", "").replace("\r", "").isprintable()
    if plain and UNNAMED not in lines and not any(each in lines for each in UNDEFINED):
        return False
    return _UNUSUAL_LINE.search(lines) is not None


def _text(term: _Term, leaves: Sequence[str], prefix: str) -> _Text:
    """A term with the document's string in it. Raises RecordError for an unusual address."""
    if term.node is not None:
        return prefix + term.node, ""
    if term.leaf is None:
        return None, term.before
    leaf = leaves[term.leaf]
    if term.before != "<":
        return None, term.before + escape(leaf) + term.after
    address = _ADDRESS.fullmatch(leaf)
    if address is None or address[1] in words():  # behind a word of a context: a short form
        raise RecordError("an address may be another than it looks")
    return None, f"<{leaf}>"


def _shape_of(document: Document, leaves: list[str]) -> str:
    """The shape of a document, and its strings in their order."""
    shape = json.dumps(_shape(document, "", leaves, {}))
    spend(len(shape) // _CHARACTERS_OF_A_PART)  # every piece repeats what its frame says
    return shape


def _shape(part: Any, name: str, leaves: list[str], ids: dict[str, int]) -> Any:
    """A document in which each string is a number. Equal ids are one node, so one number.

    Raises RecordError for a word that looks as a number does here.
    """
    if isinstance(part, str):
        if name in _DEFINING or name.startswith("@"):
            return _word(part)
        number = ids.get(part, len(leaves)) if name == "id" else len(leaves)
        if number == len(leaves):
            leaves.append(part)
        if name == "id":
            ids[part] = number
        return f"urn:leaf:{number}:"
    if isinstance(part, list | tuple):
        return [_shape(value, name, leaves, ids) for value in part]
    if isinstance(part, Mapping):
        return {_word(each): _shape(value, each, leaves, ids) for each, value in part.items()}
    return part


def _word(text: str) -> str:
    if _PLACE in text:
        raise RecordError("a word may be more than a word")
    return text


@lru_cache(maxsize=_SHAPES_KEPT)
def _template(shape: str) -> _Template:
    """The quads of a shape, piece by piece: rubrics of any length consist of the same few.

    Raises RecordError where `canonical` would refuse it.
    """
    quads: dict[_Quad, None] = {}
    for number, piece in enumerate(_pieces(json.loads(shape), _PARTS)):
        leaves: list[str] = []
        terms, of_piece = _worked_out(_shape_of(piece, leaves))
        placed = [_within(term, leaves, f"{number}.") for term in terms]
        quads |= {tuple([placed[index] for index in each]): None for each in of_piece}
    indexes = {term: index for index, term in enumerate({term for quad in quads for term in quad})}
    indexed: dict[bool, list[tuple[int, ...]]] = {True: [], False: []}
    for quad in quads:
        named = all(term.node is None for term in quad)
        indexed[named].append(tuple(indexes[term] for term in quad))
    return _Template(tuple(indexes), tuple(indexed[True]), tuple(indexed[False]))


def _within(term: _Term, leaves: Sequence[str], prefix: str) -> _Term:
    """A term of a piece as one of the whole, whose places are the strings of the piece."""
    if term.node is not None:
        return _Term(node=prefix + term.node)
    leaf = None if term.leaf is None else _LEAF.fullmatch(leaves[term.leaf])
    return term if leaf is None else _Term(before=term.before, leaf=int(leaf[1]), after=term.after)


@lru_cache(maxsize=_SHAPES_KEPT)
def _worked_out(shape: str) -> tuple[tuple[_Term, ...], list[tuple[int, ...]]]:
    """The terms of a shape, by the JSON-LD processor, and its quads by the indexes of these."""
    indexes: dict[_Term, int] = {}
    quads = [
        tuple([indexes.setdefault(_term(term), len(indexes)) for term in quad])
        for quad in _quads_of(shape)
    ]
    return tuple(indexes), quads


def _quads_of(shape: str) -> Iterator[tuple[Mapping[str, str], ...]]:
    for name, triples in dataset_of(json.loads(shape)).items():
        graph = () if name == "@default" else (_graph(name),)
        for triple in triples:
            yield (triple["subject"], triple["predicate"], triple["object"], *graph)


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
    if leaf is None and _PLACE in value:
        raise RecordError("a string stands inside another, as in JSON that is kept as text")
    if leaf is None:
        return _Term(before=opening + escape(value) + closing)
    return _Term(before=opening, leaf=int(leaf[1]), after=closing)


def _closing(literal: Mapping[str, str]) -> str:
    if "language" in literal:
        return f'"@{literal["language"]}'
    return '"' if literal["datatype"] == XSD_STRING else f'"^^<{literal["datatype"]}>'


def _named(quads: Collection[tuple[_Text, ...]]) -> list[str]:
    """The quads of nodes without a name, which are numbered by what each of them says.

    Where two say the same the processor tells them apart; no other quad has a part in that.
    """
    mentions: dict[str, list[tuple[_Text, ...]]] = defaultdict(list)
    for quad in quads:
        for node in {node for node, _ in quad if node is not None}:
            mentions[node].append(quad)
    digests = {}
    for node, said in mentions.items():
        lines = sorted(_line(quad, defaultdict(lambda: "_:z", {node: "_:a"})) for quad in said)
        digests[sha256("".join(lines).encode()).digest()] = node
    if len(digests) < len(mentions):
        spend(len(quads))
        return [f"{line}\n" for line in ordered(_dataset(quads)).split("\n")[:-1]]
    names = {digests[digest]: f"_:c14n{n}" for n, digest in enumerate(sorted(digests))}
    return [_line(quad, names) for quad in quads]


def _line(quad: Sequence[_Text], names: Mapping[str, str]) -> str:
    return " ".join([text if node is None else names[node] for node, text in quad]) + " .\n"


def _dataset(quads: Collection[tuple[_Text, ...]]) -> dict[str, list[dict[str, Any]]]:
    """Quads as the processor has them: the RDF of each graph by its name."""
    graphs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for quad in quads:
        subject, predicate, value, *graph = (_of_processor(term) for term in quad)
        triple = {"subject": subject, "predicate": predicate, "object": value}
        graphs[graph[0]["value"] if graph else "@default"].append(triple)
    return graphs


def _of_processor(term: _Text) -> dict[str, str]:
    """A term as the processor has it; the opposite of `_term`."""
    node, text = term
    if node is not None:
        return {"type": "blank node", "value": f"{UNNAMED}{node}"}
    if text.startswith("<"):
        return {"type": "IRI", "value": text[1:-1]}
    escaped, _, closing = text[1:].rpartition('"')
    value = _ESCAPED.sub(lambda found: _PLAIN.get(found[1], found[1]), escaped)
    literal = {"type": "literal", "value": value, "datatype": XSD_STRING}
    if closing.startswith("@"):
        return literal | {"datatype": RDF_LANGSTRING, "language": closing[1:]}
    return literal | {"datatype": closing[3:-1]} if closing else literal
