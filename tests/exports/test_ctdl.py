"""The catalog as the Credential Registry's own schema takes it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.exports.ctdl import Offered, OfferedStack, described, described_stack, graph
from tests.records.samples import award, definition

CONTENT = json.loads((Path(__file__).parent / "schemas/ctdl_credential.json").read_text("utf-8"))
SCHEMAS = {
    kind: jsonschema.Draft4Validator(
        {**CONTENT["definitions"][kind], "definitions": CONTENT["definitions"]}
    )
    for kind in ("ceterms:MicroCredential", "ceterms:CertificateOfCompletion")
}
HOST = "https://records.district.example"


def offered(**changes: Any) -> Offered:
    whole = Offered(
        credential_id=UUID(int=7),
        url=f"{HOST}/issuers/1/ctdl/7",
        webpage=f"{HOST}/issuers/1/achievements/7/2",
        issuer_url=f"{HOST}/issuers/1",
        issuer_name="District Example",
        version=2,
        definition=definition().model_copy(
            update={"valid_months": 36, "effort_hours_min": 10, "effort_hours_max": 15}
        ),
        published_at=datetime(2026, 11, 20, tzinfo=UTC),
        retired=False,
    )
    return replace(whole, **changes)


def stack(**changes: Any) -> OfferedStack:
    whole = OfferedStack(
        stack_id=UUID(int=9),
        url=f"{HOST}/issuers/1/ctdl/stacks/9",
        webpage=f"{HOST}/issuers/1/stacks/9/1",
        issuer_url=f"{HOST}/issuers/1",
        issuer_name="District Example",
        version=1,
        title="Talk that teaches",
        summary="Three that belong together.",
        requirement="All: 2 of 3",
        parts=(f"{HOST}/issuers/1/ctdl/7",),
        retired=False,
    )
    return replace(whole, **changes)


def found_wrong(document: dict[str, Any]) -> list[str]:
    """By the schema of the kind that it says it is; of no kind, of a micro-credential."""
    schema = SCHEMAS[document.get("@type", "ceterms:MicroCredential")]
    return [error.message for error in schema.iter_errors(document)]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"retired": True},
        {"definition": definition().model_copy(update={"evidence": (), "competencies": ()})},
        {"definition": definition().model_copy(update={"focus_areas": ()})},
        {"alignments": award().alignments, "part_of": (stack().url,)},
    ],
    ids=["whole", "retired", "nothing asked", "no keywords", "aligned and in a stack"],
)
def test_the_registrys_schema_accepts_what_we_make(changes: dict[str, Any]) -> None:
    assert found_wrong(described(offered(**changes))) == []


@pytest.mark.parametrize(
    "name",
    [
        "@id",
        "@type",
        "ceterms:ctid",
        "ceterms:name",
        "ceterms:description",
        "ceterms:subjectWebpage",
        "ceterms:credentialStatusType",
    ],
)
def test_the_schema_misses_what_is_taken_away(name: str) -> None:
    document = described(offered())
    del document[name]
    assert found_wrong(document)


def test_the_schema_finds_a_value_of_the_wrong_kind() -> None:
    assert found_wrong({**described(offered()), "ceterms:inLanguage": "en"})
    assert found_wrong({**described(offered()), "ceterms:requires": {}})


def test_it_says_what_is_asked_for_how_long_it_takes_and_for_how_long_it_holds() -> None:
    document = described(offered())
    (asked,) = document["ceterms:requires"]
    assert asked["ceterms:description"].endswith(": 2 × classroom video.")
    assert [each["ceterms:targetNodeName"] for each in asked["ceterms:targetCompetency"]] == [
        "Plans questions",
        "Waits three seconds or more",
    ]
    (duration,) = document["ceterms:estimatedDuration"]
    assert (duration["ceterms:minimumDuration"], duration["ceterms:maximumDuration"]) == (
        "PT10H",
        "PT15H",
    )
    assert document["ceterms:renewalFrequency"] == "P36M"
    assert document["ceterms:ctid"] == "ce-00000000-0000-0000-0000-000000000007"


def test_a_retired_one_says_so() -> None:
    document = described(offered(retired=True))
    assert document["ceterms:credentialStatusType"]["ceterms:targetNodeName"] == "Deprecated"


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_words_of_a_definition_are_taken(title: str, summary: str) -> None:
    said = definition().model_copy(update={"title": title, "summary": summary})
    document = described(offered(definition=said))
    assert found_wrong(json.loads(json.dumps(document))) == []
    assert document["ceterms:name"] == title


@pytest.mark.parametrize("changes", [{}, {"retired": True}, {"parts": ()}])
def test_the_registrys_schema_accepts_a_stack(changes: dict[str, Any]) -> None:
    document = described_stack(stack(**changes))
    assert found_wrong(document) == []
    assert document.get("ceterms:hasPart", []) == list(stack(**changes).parts)
    for name in ("ceterms:ctid", "ceterms:name", "ceterms:credentialStatusType"):
        assert found_wrong({key: value for key, value in document.items() if key != name})
    assert found_wrong({**document, "ceterms:hasPart": "7"})


def test_what_it_is_aligned_to_stands_with_the_edition_of_the_framework() -> None:
    (asked,) = described(offered(alignments=award().alignments))["ceterms:requires"]
    assert asked["ceterms:targetCompetency"][-1] == {
        "@type": "ceterms:CredentialAlignmentObject",
        "ceterms:codedNotation": "3b",
        "ceterms:frameworkName": "FfT (2022)",
        "ceterms:targetNode": "https://standards.example/3b",
        "ceterms:targetNodeName": "Asks questions",
    }


def test_a_graph_holds_stacks_beside_their_parts() -> None:
    document = graph([offered(part_of=(stack().url,))], [stack()])
    by_id = {each["@id"]: each for each in document["@graph"]}
    assert by_id[stack().url]["ceterms:hasPart"] == [offered().url]
    assert by_id[offered().url]["ceterms:isPartOf"] == [stack().url]
    assert [found_wrong(each) for each in document["@graph"]] == [[], []]


def test_many_are_one_graph_with_one_context() -> None:
    document = graph([offered(), offered(credential_id=UUID(int=8), retired=True)])
    assert set(document) == {"@context", "@graph"}
    for each in document["@graph"]:
        assert found_wrong(each) == []
    assert len({each["ceterms:ctid"] for each in document["@graph"]}) == 2
    assert graph([])["@graph"] == []
