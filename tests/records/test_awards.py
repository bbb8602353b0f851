"""What an award's credential says, and that 1EdTech's own schemas find nothing wrong with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events.credential import STATEMENT_URL, Alignment
from ledger.records.awards import Issuer, credential, shows
from ledger.records.documents import RecordError
from ledger.records.identities import Identity, identifies
from ledger.records.proofs import proven, with_proof
from tests.records.samples import (
    FILE,
    ISSUER,
    METHOD,
    PROOF_KEY,
    SIGNED_AT,
    award,
    changed,
    definition,
    signed,
)

SCHEMAS = Path(__file__).parent / "schemas"


def schema(name: str) -> jsonschema.Draft201909Validator:
    content = json.loads((SCHEMAS / f"{name}_schema.json").read_text("utf-8"))
    return jsonschema.Draft201909Validator(content)


BADGE = schema("ob_v3p0_achievementcredential")
TRANSCRIPT = schema("clr_v2p0_clrcredential")


def bare() -> dict[str, Any]:
    """An award with no more than one has to have."""
    return signed(
        issuer=Issuer(ISSUER["id"], "District Example"),
        identities=(),
        definition=definition().model_copy(
            update={"key_method": None, "competencies": (), "evidence": (), "rubric": ()}
        ),
        levels={},
        valid_until=None,
        evidence=(),
        alignments=(),
        status=None,
    )


@pytest.mark.parametrize("record", [signed(), bare()], ids=["full", "bare"])
def test_1edtechs_schema_accepts_what_we_make(record: dict[str, Any]) -> None:
    assert [error.message for error in BADGE.iter_errors(record)] == []
    assert proven(record, ISSUER)


def test_the_schema_refuses_what_is_wrong() -> None:
    assert not BADGE.is_valid(changed(signed(), ("validFrom",), lambda _: None))
    assert not BADGE.is_valid(changed(signed(), ("credentialSubject", "type"), lambda _: []))


def test_a_learner_record_takes_our_awards_and_is_signed_like_them() -> None:
    sample = json.loads((Path(__file__).parent / "vectors/clr20_simple.json").read_text())
    sample.pop("proof")
    sample["issuer"]["id"] = ISSUER["id"]
    sample["credentialSubject"]["verificationMethod"] = "x"
    with pytest.raises(RecordError):
        with_proof(sample, PROOF_KEY.sign, METHOD, SIGNED_AT)
    del sample["credentialSubject"]["verificationMethod"]
    sample["credentialSubject"]["verifiableCredential"] = [signed(), bare()]
    record = with_proof(sample, PROOF_KEY.sign, METHOD, SIGNED_AT)
    assert [error.message for error in TRANSCRIPT.iter_errors(record)] == []
    assert proven(record, ISSUER)
    inside = ("credentialSubject", "verifiableCredential", 0)
    for path in [("name",), ("evidence", 0, "narrative"), ("proof", 0, "proofValue")]:
        with pytest.raises(RecordError):
            proven(changed(record, (*inside, *path), lambda _: "zx"), ISSUER)


def test_no_number_is_in_a_record_for_processors_write_some_apart() -> None:
    def numbers(part: Any) -> list[Any]:
        if isinstance(part, dict | list):
            inside = part.values() if isinstance(part, dict) else part
            return [found for one in inside for found in numbers(one)]
        return [part] if isinstance(part, int | float) and not isinstance(part, bool) else []

    assert numbers(signed()) == []


def test_the_rubric_and_what_she_reached_point_at_each_other() -> None:
    subject = credential(award())["credentialSubject"]
    described = {each["id"]: each for each in subject["achievement"]["resultDescription"]}
    reached = []
    for result in subject["result"]:
        row = described[result["resultDescription"]]
        levels = {level["id"]: level for level in row["rubricCriterionLevel"]}
        assert levels[row["requiredLevel"]]["level"] == "proficient"
        reached.append((row["name"], levels[result["achievedLevel"]]["points"]))
    assert reached == [("Planning", "2"), ("Practice", "3")]


@pytest.mark.parametrize("levels", [{"planning": "superb"}, {"singing": "proficient"}])
def test_a_level_that_the_rubric_does_not_have_is_refused(levels: dict[str, str]) -> None:
    with pytest.raises(RecordError):
        credential(replace(award(), levels=levels))


def test_evidence_is_shown_to_be_the_file_that_was_assessed_and_no_other() -> None:
    (evidence,) = signed()["evidence"]
    assert shows(evidence, FILE)
    assert not shows(evidence, FILE + b".")
    assert not shows({**evidence, "narrative": "a file"}, FILE)


def test_she_is_found_by_what_she_is_known_by_and_nothing_of_it_is_in_the_record() -> None:
    record = signed()
    email, roster = record["credentialSubject"]["identifier"]
    assert identifies(email, "ada@district.example")
    assert identifies(roster, "t-17")
    assert not identifies(email, "bob@district.example")
    assert not identifies(email, "t-17")
    assert "ada@" not in json.dumps(record)
    assert identifies({"hashed": False, "identityHash": "t-17"}, "t-17")


def test_the_specifications_own_hash_comes_out() -> None:
    stated = "sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef399"
    assert identifies({"hashed": True, "identityHash": stated, "salt": "Kosher"}, "a@example.com")


def test_a_salt_that_could_be_tried_out_is_a_mistake() -> None:
    with pytest.raises(AssertionError):
        Identity("emailAddress", "ada@district.example", b"short").document()


@given(
    url=st.from_regex(rf"\A{STATEMENT_URL.strip('^$')}\Z"),
    name=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1),
)
def test_whatever_an_alignment_may_say_can_be_signed_and_read_again(url: str, name: str) -> None:
    said = {"framework": name, "edition": name, "code": name, "name": name, "url": url}
    try:
        alignment = Alignment.model_validate(said)
    except ValueError:
        return  # the catalog refuses it first
    if alignment.name.startswith("_:"):
        return  # no signature could cover what looks like the name of a node
    record = signed(alignments=(alignment,))
    [stated] = record["credentialSubject"]["achievement"]["alignment"]
    assert (stated["targetUrl"], stated["targetCode"]) == (url, alignment.code)
    assert stated["targetFramework"] == f"{alignment.framework} ({alignment.edition})"
    assert proven(json.loads(json.dumps(record)), ISSUER)
    assert BADGE.is_valid(record)


@given(
    title=st.text(min_size=1).filter(str.strip),
    summary=st.text(min_size=1).filter(str.strip),
)
def test_whatever_a_definition_may_say_can_be_signed_and_read_again(
    title: str, summary: str
) -> None:
    try:
        said = definition().model_validate(
            {**definition().model_dump(), "title": title, "summary": summary}
        )
    except ValueError:
        return  # the catalog refuses it first
    if said.title.startswith("_:") or said.summary.startswith("_:"):
        return  # no signature could cover what looks like the name of a node
    record = signed(definition=said)
    assert proven(json.loads(json.dumps(record)), ISSUER)
    assert BADGE.is_valid(record)
