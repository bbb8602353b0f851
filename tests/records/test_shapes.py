"""The short way to a canonical form comes out where the long way does, whatever a record says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.records import shapes
from ledger.records.awards import credential
from ledger.records.canonical import RecordTooComplexError, at_most, canonical
from ledger.records.documents import RecordError
from ledger.records.proofs import with_proof
from ledger.records.shapes import canonical_by_shape
from tests.records.received import transcript
from tests.records.samples import (
    METHOD,
    PROOF_KEY,
    SIGNED_AT,
    Vector,
    award,
    changed,
    leaves,
    signed,
)

UNSIGNED = credential(award())
LEAVES = list(leaves(UNSIGNED))


def outcome(canonicalize: Any, document: Any) -> Any:
    """The canonical form, or which refusal it was."""
    try:
        return canonicalize(document)
    except RecordError as refusal:
        return type(refusal)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(LEAVES),
            st.one_of(
                st.text(max_size=20),
                st.sampled_from(["_:x", "urn:undefined:x", "urn:leaf:3:", "did:x", "a:b", "a b"]),
                st.sampled_from(["https://x.example/../y", "https://x.example/ü", "HTTPS://X"]),
                st.sampled_from(["data:,x", "tag:a,2026:b", "geo:1,2", "name:x", "1a:b", "A-b:c"]),
                st.sampled_from(
                    [
                        "\t\r\n\\\"'",
                        "\x00",
                        "\x0c",
                        "\x7f",
                        "\ud800",
                        "<>",
                        "_:b0",
                        "é漢😀",
                        "\u2028",
                    ]
                ),
                st.integers(),
                st.booleans(),
                st.none(),
                st.just([]),
            ),
        ),
        max_size=4,
    )
)
def test_both_ways_lead_to_the_same(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    document = UNSIGNED
    for path, value in changes:
        document = changed(document, path, lambda _, value=value: value)
    assert outcome(canonical_by_shape, document) == outcome(canonical, document)


@given(st.lists(st.sampled_from(["a", "b", "Lesson"]), min_size=0, max_size=6))
def test_parts_that_look_the_same_come_out_the_same(names: list[str]) -> None:
    evidence = [{"type": ["Evidence"], "name": name} for name in names]
    document = {**UNSIGNED, "evidence": evidence or [{"type": ["Evidence"]}]}
    assert outcome(canonical_by_shape, document) == outcome(canonical, document)


@pytest.mark.parametrize("name", "abcdefgh")
def test_what_a_part_without_a_name_says_twice_counts_once(name: str) -> None:
    """By what each says such parts are numbered, and a number may come out right by chance."""
    evidence = [{"type": ["Evidence"], "name": [name, name]}, {"type": ["Evidence"], "name": "x"}]
    document = {**UNSIGNED, "evidence": evidence}
    assert canonical_by_shape(document) == canonical(document)


@given(st.data())
def test_a_string_that_stands_in_two_places_comes_out_the_same(data: st.DataObject) -> None:
    source, target = data.draw(st.tuples(st.sampled_from(LEAVES), st.sampled_from(LEAVES)))
    value: Any = UNSIGNED
    for step in source:
        value = value[step]
    document = changed(UNSIGNED, target, lambda _: value)
    assert outcome(canonical_by_shape, document) == outcome(canonical, document)


@pytest.mark.parametrize(
    "vector", [Vector("ob", "obv3p0"), Vector("clr", "clrv2p0")], ids=["ob", "clr"]
)
def test_the_published_examples_come_out_by_shape(vector: Vector) -> None:
    document = vector.signed
    del document["proof"]
    assert canonical_by_shape(document) == vector.document_canon


def test_a_learner_record_with_awards_inside_comes_out_by_shape() -> None:
    document = Vector("clr", "clrv2p0").signed
    del document["proof"]
    document["credentialSubject"]["verifiableCredential"] = [
        signed(),
        signed(record_url="https://records.district.example/records/2", levels={}),
    ]
    assert canonical_by_shape(document) == canonical(document)


@pytest.mark.parametrize(
    "address", ["data:image/png;base64,iVBORw0KGgo=", "ipfs://a/b", "ftp://a/"]
)
def test_an_address_of_any_scheme_that_no_context_uses_comes_out_by_shape(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures stand in records whole, as addresses that begin with data:."""
    picture = {"id": address, "type": "Image"}
    document = changed(
        UNSIGNED, ("credentialSubject", "achievement"), lambda part: {**part, "image": picture}
    )
    expected = canonical(document)
    monkeypatch.setattr(shapes, "canonical", lambda _: pytest.fail("went the long way"))
    assert canonical_by_shape(document) == expected


def test_awards_of_one_shape_are_signed_alike_and_worked_out_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = [
        credential(replace(award(), record_url=f"https://records.district.example/records/{n}"))
        for n in range(5)
    ]
    slow = [with_proof(record, PROOF_KEY.sign, METHOD, SIGNED_AT) for record in records]
    canonical_by_shape(json.loads(json.dumps(records[0])))
    with_proof(records[0], PROOF_KEY.sign, METHOD, SIGNED_AT, canonical_by_shape)
    monkeypatch.setattr(shapes, "canonical", lambda _: pytest.fail("went the long way"))
    fast = [
        with_proof(record, PROOF_KEY.sign, METHOD, SIGNED_AT, canonical_by_shape)
        for record in records
    ]
    assert fast == slow


@given(
    levels=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=5),
    unnamed=st.sets(st.sampled_from(["award", "subject", "achievement"]), max_size=2),
    pieces=st.lists(st.sampled_from(["named", "unnamed", "twice", "nested"]), max_size=5),
)
def test_rubrics_and_evidence_of_any_length_come_out_the_same(
    levels: list[tuple[int, bool]], unnamed: set[str], pieces: list[str]
) -> None:
    rubric = [
        {
            "id": f"https://records.district.example/rubric#{number}",
            "type": ["ResultDescription"],
            "name": f"Row {number}",
            "resultType": "RubricCriterionLevel",
            "rubricCriterionLevel": [
                {
                    **({"id": f"urn:level:{number}:{n}"} if named else {}),
                    "type": ["RubricCriterionLevel"],
                    "name": f"{n}",
                }
                for n in range(count)
            ],
        }
        for number, (count, named) in enumerate(levels)
    ]
    evidence = [
        {
            **({} if kind == "unnamed" else {"id": f"urn:file:{0 if kind == 'twice' else number}"}),
            "type": ["Evidence"],
            "name": f"File {number}",
        }
        for number, kind in enumerate(pieces)
    ]
    document = changed(
        {**UNSIGNED, "evidence": evidence},
        ("credentialSubject", "achievement"),
        lambda achievement: {**achievement, "resultDescription": rubric},
    )
    subject = document["credentialSubject"]
    parts = {"award": document, "subject": subject, "achievement": subject["achievement"]}
    for name in unnamed:
        del parts[name]["id"]
    assert outcome(canonical_by_shape, document) == outcome(canonical, document)


def places(part: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where each object of a document stands."""
    if isinstance(part, dict):
        yield path
        for name, value in part.items():
            yield from places(value, (*path, name))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from places(value, (*path, index))


def award_of(number: int) -> dict[str, Any]:
    """An award that shares no salt with another."""
    mine = award()
    identities = [replace(one, salt=bytes([number]) * 16) for one in mine.identities]
    url = f"https://records.district.example/records/{number}"
    return signed(record_url=url, identities=tuple(identities))


AROUND_TWO = transcript(award_of(1), award_of(2))
NAMES = [
    *("id", "type", "name", "evidence", "result", "verifiableCredential", "credentialSubject"),
    *("jsonSchema", "credentialSchema", "allowedValue", "_sd", "cnf", "proof", "proofPurpose"),
    *("urn:leaf:0:", "urn:leaf:2:", "urn:x:y", "@value", "@language", "@id", "salary", "issuer"),
    *("resultDescription", "rubricCriterionLevel", "alignment", "hashed", "creditsEarned"),
]
WORDS = [
    *("urn:leaf:0:", "urn:leaf:3:", "VerifiablePresentation", "JsonSchema", "ClrSubject"),
    *("Evidence", "Achievement", "ResultDescription", "assertionMethod", "id", "name", "en"),
    *("@foo", "@type", "_:b0", "a b", "https://a.example/\u3000b", "urn:x\n", "urn:\x85x", "urn:"),
    *("did:x", "https://a.example/", 'https://a.example/"', "urn:undefined:x", "HTTPS://X", "1.50"),
    *("data:image/png;base64,AA==", "tag:a,2026:b", "geo:1,2", "ipfs://a", "xsd:string", "a+b:c"),
]
TWIN = {"id": "https://a.example/", "type": ["Evidence"], "name": "twin"}
VALUES: Any = st.recursive(
    st.one_of(st.sampled_from(WORDS), st.sampled_from([1, 1.5, 1e-7, True, None])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
        st.just(TWIN),
        st.just({"id": "urn:schema", "type": "JsonSchema", "jsonSchema": {"a": "b"}}),
    ),
    max_leaves=6,
)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from(list(places(AROUND_TWO))), st.sampled_from(NAMES), VALUES),
        min_size=1,
        max_size=4,
    )
)
def test_a_document_made_to_come_out_otherwise_does_not(
    changes: list[tuple[tuple[str | int, ...], str, Any]],
) -> None:
    document: Any = {"": AROUND_TWO}
    for path, name, value in changes:
        with suppress(KeyError, IndexError, TypeError):  # a change before it took the place away
            document = changed(document, ("", *path), lambda part, n=name, v=value: {**part, n: v})
    assert outcome(canonical_by_shape, document[""]) == outcome(canonical, document[""])


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ((), "type", ["VerifiableCredential", "OpenBadgeCredential", "urn:leaf:0:"]),
        ((), "urn:leaf:0:", "x"),
        ((), "name", {"@value": "urn:leaf:0:"}),
        ((), "credentialSchema", [{"id": "urn:s", "type": "JsonSchema", "jsonSchema": {"a": "b"}}]),
        (("credentialSubject", "achievement"), "id", "https://a.example/\u3000b"),
        (("credentialSubject", "achievement"), "id", "https://a.example/\x85"),
    ],
)
def test_what_once_came_out_otherwise_does_not(
    path: tuple[str, ...], name: str, value: Any
) -> None:
    document = changed({"": UNSIGNED}, ("", *path), lambda part: {**part, name: value})[""]
    assert outcome(canonical_by_shape, document) == outcome(canonical, document)


def test_records_in_a_graph_of_their_own_come_out_the_same() -> None:
    document = {
        **UNSIGNED,
        "type": [*UNSIGNED["type"], "VerifiablePresentation"],
        "verifiableCredential": [award_of(1), award_of(2)],
    }
    assert canonical_by_shape(document) == canonical(document)


def test_a_document_whose_parts_are_all_unlike_is_given_up() -> None:
    """Those that are alike cost next to nothing."""
    shapes.forget()
    unlike = [{"type": ["Evidence"], "name": [*map(str, range(count))]} for count in range(1, 20)]
    alike = [{"type": ["Evidence"], "name": f"{number}"} for number in range(20)]
    with at_most(400):
        assert canonical_by_shape({**UNSIGNED, "evidence": alike})
    with at_most(400), pytest.raises(RecordTooComplexError):
        canonical_by_shape({**UNSIGNED, "evidence": unlike})
    with at_most(100), pytest.raises(RecordTooComplexError):
        canonical(UNSIGNED)
    assert canonical_by_shape({**UNSIGNED, "evidence": unlike})


def test_parts_without_names_are_worked_out_once_however_many_a_record_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shapes.forget()
    worked_out: list[Any] = []
    work_out = shapes.dataset_of
    monkeypatch.setattr(shapes, "dataset_of", lambda one: worked_out.append(1) or work_out(one))
    counts = []
    for count in (3, 5, 8):
        evidence = [{"type": ["Evidence"], "name": f"Lesson {one}"} for one in range(count)]
        document = {**UNSIGNED, "evidence": evidence}
        assert canonical_by_shape(document) == canonical(document)
        counts.append(len(worked_out))
    assert counts[0] == counts[2]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "a\u2028b\x85c\u2029",
            'quoted "so" \\',
            "\\n and \n and \t\r",
            "\\",
            '"',
            "<urn:x>",
            "@en",
        ),
        *({"@value": 'in "words"', "@language": "en"}, {"@value": '\\"'}, ""),
    ],
)
def test_parts_that_say_the_same_are_told_apart_without_the_rest(
    monkeypatch: pytest.MonkeyPatch, name: Any
) -> None:
    twin = {"type": ["Evidence"], "name": name}
    named = {"id": "urn:file", "type": ["Evidence"], "name": "another"}
    document = {**UNSIGNED, "evidence": [twin, named, twin, {**twin, "genre": "Lesson"}]}
    expected = canonical(document)
    monkeypatch.setattr(shapes, "canonical", lambda _: pytest.fail("went the long way"))
    assert canonical_by_shape(document) == expected


def test_twins_in_transcripts_with_graphs_and_numbers_come_out_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Awards of one holder say of her the same: each has her name in a part without a name."""
    of_one_holder = [signed(record_url=f"urn:award:{number}") for number in range(3)]
    document = transcript(*of_one_holder)
    expected = canonical(document)
    monkeypatch.setattr(shapes, "canonical", lambda _: pytest.fail("went the long way"))
    assert canonical_by_shape(document) == expected
