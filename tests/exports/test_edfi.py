"""Awards as Ed-Fi takes them, by Ed-Fi's own schemas."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from api.exports.edfi import EdFiTargetError, Held, Staff, Target, as_json, as_xml

SCHEMA = etree.XMLSchema(file=Path(__file__).parent / "edfi/Interchange-StaffAssociation.xsd")
TARGET = Target("TN", "uri://district.example")
ADA, BEA = Staff("207219", "Ada", "Sample"), Staff("1", "Bea", "Sample & Daughter")
NAMES = {"d": "http://ed-fi.org/5.2.0"}


def held(number: int = 1, **changes: Any) -> Held:
    whole = Held(
        award_id=UUID(int=number),
        title="Wait time in discussions",
        awarded_on=date(2026, 11, 19),
        ends_on=date(2031, 11, 19),
        staff=ADA,
    )
    return replace(whole, **changes)


def found_wrong(content: bytes) -> list[str]:
    document = etree.fromstring(content)
    SCHEMA.validate(document)
    return [error.message for error in SCHEMA.error_log]


@pytest.mark.parametrize("changes", [{}, {"ends_on": None}, {"staff": None}], ids=str)
def test_ed_fis_schema_accepts_what_we_make(changes: dict[str, Any]) -> None:
    for with_staff in (False, True):
        content = as_xml([held(**changes), held(2)], TARGET, with_staff=with_staff)
        assert found_wrong(content) == []
        assert (b"<Staff>" in content) == with_staff


@pytest.mark.parametrize(
    "name",
    [
        "CredentialIdentifier",
        "IssuanceDate",
        "CredentialType",
        "StateOfIssueStateAbbreviation",
        "Namespace",
    ],
)
def test_the_schema_misses_what_is_taken_away(name: str) -> None:
    content = as_xml([held()], TARGET).decode()
    lacking = re.sub(rf"<{name}>.*</{name}>", "", content)
    assert lacking != content
    assert found_wrong(lacking.encode())


def test_the_schema_finds_another_order_and_a_day_that_is_none() -> None:
    content = as_xml([held()], TARGET).decode()
    lines = content.splitlines()
    lines[3], lines[4] = lines[4], lines[3]
    assert found_wrong("\n".join(lines).encode())
    assert found_wrong(content.replace("2026-11-19", "19.11.2026").encode())


@given(st.text(min_size=1, max_size=300))
def test_any_title_is_written_as_xml_and_as_json(title: str) -> None:
    content = as_xml([held(title=title)], TARGET)
    assert found_wrong(content) == []
    assert json.loads(json.dumps(as_json([held(title=title)], TARGET)))


def test_a_title_is_not_markup() -> None:
    content = as_xml([held(title="Talk & <listen>")], TARGET)
    (title,) = etree.fromstring(content).findall("d:Credential/d:CredentialEndorsement", NAMES)
    assert title.text == "Talk & <listen>"


def test_both_say_the_same() -> None:
    awards = [held(), held(2, ends_on=None, title="Probing")]
    bodies = as_json(awards, TARGET)["credentials"]
    elements = etree.fromstring(as_xml(awards, TARGET)).findall("d:Credential", NAMES)
    for body, element in zip(bodies, elements, strict=True):
        said = {etree.QName(part).localname: part.text for part in element}
        assert said == {
            "EffectiveDate": body["effectiveDate"],
            "CredentialEndorsement": body["endorsements"][0]["credentialEndorsement"],
            **({"ExpirationDate": body["expirationDate"]} if "expirationDate" in body else {}),
            "CredentialIdentifier": body["credentialIdentifier"],
            "IssuanceDate": body["issuanceDate"],
            "CredentialType": body["credentialTypeDescriptor"],
            "StateOfIssueStateAbbreviation": body["stateOfIssueStateAbbreviationDescriptor"],
            "Namespace": body["namespace"],
        }
    assert bodies[0]["credentialTypeDescriptor"].startswith("uri://district.example/")


def test_each_award_is_its_holders_and_who_has_no_staff_id_is_left_out() -> None:
    found = as_json([held(), held(2), held(3, staff=BEA), held(4, staff=None)], TARGET)
    assert [each["staffUniqueId"] for each in found["staffs"]] == ["1", "207219"]
    assert [len(each["credentials"]) for each in found["staffs"]] == [1, 2]
    reference = found["staffs"][0]["credentials"][0]["credentialReference"]
    assert reference.items() <= found["credentials"][2].items()
    assert len(found["credentials"]) == 4
    (descriptor,) = found["credentialTypeDescriptors"]
    assert f"{descriptor['namespace']}#{descriptor['codeValue']}" == TARGET.type_descriptor


def test_staff_are_named_with_their_credentials_alike_in_both() -> None:
    awards = [held(), held(2), held(3, staff=BEA), held(4, staff=None)]
    bodies = as_json(awards, TARGET)["staffs"]
    content = as_xml(awards, TARGET, with_staff=True)
    assert found_wrong(content) == []
    elements = etree.fromstring(content).findall("d:Staff", NAMES)
    for body, element in zip(bodies, elements, strict=True):
        assert element.findtext("d:StaffUniqueId", None, NAMES) == body["staffUniqueId"]
        assert element.findtext("d:Name/d:FirstName", None, NAMES) == body["firstName"]
        assert element.findtext("d:Name/d:LastSurname", None, NAMES) == body["lastSurname"]
        path = "d:CredentialReference/d:CredentialIdentity/d:CredentialIdentifier"
        assert [one.text for one in element.findall(path, NAMES)] == [
            one["credentialReference"]["credentialIdentifier"] for one in body["credentials"]
        ]
    assert bodies[0]["lastSurname"] == "Sample & Daughter"
    lacking = re.sub(rb"<LastSurname>.*?</LastSurname>", b"", content)
    assert found_wrong(lacking), "a name is what Ed-Fi misses"


@given(st.text(min_size=1, max_size=100))
def test_any_name_is_written(name: str) -> None:
    awards = [held(staff=Staff("1", name, name))]
    assert found_wrong(as_xml(awards, TARGET, with_staff=True)) == []
    assert json.loads(json.dumps(as_json(awards, TARGET)))


@pytest.mark.parametrize(
    ("state", "namespace"),
    [
        ("Tennessee", "uri://district.example"),
        ("tn", "uri://district.example"),
        ("TN", "https://district.example"),
        ("TN", "uri://district.example/x"),
        ("TN", "uri://"),
        ("", ""),
    ],
)
def test_a_state_or_namespace_that_is_none_is_refused(state: str, namespace: str) -> None:
    with pytest.raises(EdFiTargetError):
        Target(state, namespace)
