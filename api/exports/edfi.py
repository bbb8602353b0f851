"""Awards as Ed-Fi credentials: for the API of an operational data store, and as bulk XML.

Ed-Fi has no kind of credential for a micro-credential, so the district's namespace has one of its
own. Whose each is says her element among the staff. Sent or loaded in bulk it replaces whatever the
store has of her, so in JSON it stands apart, and in XML only where that is asked for.

Source: Ed-Fi Data Standard 5.2, Credential and InterchangeStaffAssociation; docs/sources.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID
from xml.etree import ElementTree as ET  # written only, never read

from ledger.errors import InvalidError

KIND: Final = "Micro-credential"
_INTERCHANGE: Final = "http://ed-fi.org/5.2.0"
_STATE: Final = re.compile(r"[A-Z]{2}")
_NAMESPACE: Final = re.compile(r"uri://[a-z0-9.-]{1,200}")
_TITLE_CHARACTERS_MAX: Final = 255
_NAME_CHARACTERS_MAX: Final = 75
STAFF_ID_CHARACTERS_MAX: Final = 32
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class EdFiTargetError(InvalidError):
    """The state or namespace is none that Ed-Fi could take."""

    slug = "edfi-target-invalid"


@dataclass(frozen=True, slots=True)
class Target:
    """Whose data store it is for: a state as `TN`, and the district's `uri://host`."""

    state: str
    namespace: str

    def __post_init__(self) -> None:
        if not _STATE.fullmatch(self.state):
            raise EdFiTargetError(f"{self.state[:20]!r} is no state, written as TN")
        if not _NAMESPACE.fullmatch(self.namespace):
            raise EdFiTargetError(f"{self.namespace[:80]!r} is no namespace, written as uri://host")

    @property
    def state_descriptor(self) -> str:
        return f"uri://ed-fi.org/StateAbbreviationDescriptor#{self.state}"

    @property
    def type_descriptor(self) -> str:
        return f"{self.namespace}/CredentialTypeDescriptor#{KIND}"


@dataclass(frozen=True, slots=True)
class Staff:
    """A staff member as the district's systems know her; Ed-Fi takes none without a name."""

    staff_id: str
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One award; days are days where it was awarded."""

    award_id: UUID
    title: str
    awarded_on: date
    ends_on: date | None  # it expires, or was revoked, on this day
    staff: Staff | None  # null when nobody has said how the district's systems know her


def as_json(awards: Iterable[Held], target: Target) -> dict[str, Any]:
    """Bodies for the API, by its resources, in the order in which they have to be sent."""
    held = list(awards)
    descriptor = {
        "namespace": f"{target.namespace}/CredentialTypeDescriptor",
        "codeValue": KIND,
        "shortDescription": KIND,
    }
    return {
        "credentialTypeDescriptors": [descriptor],
        "credentials": [_credential(one, target) for one in held],
        "staffs": [
            {
                "staffUniqueId": staff.staff_id,
                "firstName": _name(staff.first_name),
                "lastSurname": _name(staff.last_name),
                "credentials": [{"credentialReference": _key(one, target)} for one in hers],
            }
            for staff, hers in _by_staff(held)
        ],
    }


def as_xml(awards: Iterable[Held], target: Target, *, with_staff: bool = False) -> bytes:
    """The interchange StaffAssociation with one credential an award; at least one is needed.

    `with_staff` adds whose each is: an element for each staff member, which replaces what is there.
    """
    held = list(awards)
    root = ET.Element("InterchangeStaffAssociation", {"xmlns": _INTERCHANGE})
    for one in held:
        element = ET.SubElement(root, "Credential")
        for name, value in _elements(one, target):
            ET.SubElement(element, name).text = value
    for staff, hers in _by_staff(held) if with_staff else ():
        _add_staff(root, staff, hers, target)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _by_staff(held: Iterable[Held]) -> list[tuple[Staff, list[Held]]]:
    """The awards of each staff member, by her id."""
    found: dict[str, tuple[Staff, list[Held]]] = {}
    for one in held:
        if one.staff is not None:
            found.setdefault(one.staff.staff_id, (one.staff, []))[1].append(one)
    return [found[staff_id] for staff_id in sorted(found)]


def _add_staff(root: ET.Element, staff: Staff, hers: Iterable[Held], target: Target) -> None:
    """In the order that the schema asks for."""
    element = ET.SubElement(root, "Staff")
    ET.SubElement(element, "StaffUniqueId").text = staff.staff_id
    name = ET.SubElement(element, "Name")
    ET.SubElement(name, "FirstName").text = _name(staff.first_name)
    ET.SubElement(name, "LastSurname").text = _name(staff.last_name)
    for one in hers:
        reference = ET.SubElement(element, "CredentialReference")
        identity = ET.SubElement(reference, "CredentialIdentity")
        ET.SubElement(identity, "CredentialIdentifier").text = str(one.award_id)
        ET.SubElement(identity, "StateOfIssueStateAbbreviation").text = target.state_descriptor


def _key(one: Held, target: Target) -> dict[str, str]:
    return {
        "credentialIdentifier": str(one.award_id),
        "stateOfIssueStateAbbreviationDescriptor": target.state_descriptor,
    }


def _credential(one: Held, target: Target) -> dict[str, Any]:
    ends = {} if one.ends_on is None else {"expirationDate": one.ends_on.isoformat()}
    return {
        **_key(one, target),
        "namespace": target.namespace,
        "credentialTypeDescriptor": target.type_descriptor,
        "issuanceDate": one.awarded_on.isoformat(),
        "effectiveDate": one.awarded_on.isoformat(),
        **ends,
        "endorsements": [{"credentialEndorsement": _title(one)}],
    }


def _elements(one: Held, target: Target) -> Iterator[tuple[str, str]]:
    """In the order that the schema asks for."""
    yield "EffectiveDate", one.awarded_on.isoformat()
    yield "CredentialEndorsement", _title(one)
    if one.ends_on is not None:
        yield "ExpirationDate", one.ends_on.isoformat()
    yield "CredentialIdentifier", str(one.award_id)
    yield "IssuanceDate", one.awarded_on.isoformat()
    yield "CredentialType", target.type_descriptor
    yield "StateOfIssueStateAbbreviation", target.state_descriptor
    yield "Namespace", target.namespace


def _title(one: Held) -> str:
    """What it is for. Ed-Fi has no other place for it, and takes no more characters than these."""
    return _NOT_XML.sub("�", one.title)[:_TITLE_CHARACTERS_MAX]


def _name(text: str) -> str:
    return _NOT_XML.sub("�", text)[:_NAME_CHARACTERS_MAX]
