"""A micro-credential as registries of credentials describe it: CTDL, `ceterms:MicroCredential`.

Source: Credential Transparency Description Language and the schema of the Credential Registry;
docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ledger.events.credential import Definition

CONTEXT: Final = "http://credreg.net/ctdl/schema/context/json"
_STATUSES: Final = {False: "Active", True: "Deprecated"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A micro-credential in its newest version, and who offers it."""

    credential_id: UUID
    url: str  # of this description
    webpage: str  # where people read what is asked for
    issuer_url: str
    issuer_name: str
    version: int
    definition: Definition
    published_at: datetime
    retired: bool


def described(offered: Offered) -> dict[str, Any]:
    """One micro-credential. Its CTID is the same for all its versions, as its id here is."""
    definition = offered.definition
    owner = [
        {
            "@type": "ceterms:CredentialOrganization",
            "ceterms:name": offered.issuer_name,
            "ceterms:subjectWebpage": offered.issuer_url,
        }
    ]
    months = definition.valid_months
    return {
        "@context": CONTEXT,
        "@type": "ceterms:MicroCredential",
        "@id": offered.url,
        "ceterms:ctid": f"ce-{offered.credential_id}",
        "ceterms:name": definition.title,
        "ceterms:description": definition.summary,
        "ceterms:subjectWebpage": offered.webpage,
        "ceterms:credentialStatusType": _status(retired=offered.retired),
        "ceterms:inLanguage": ["en"],
        "ceterms:dateEffective": offered.published_at.date().isoformat(),
        "ceterms:versionIdentifier": [
            {
                "@type": "ceterms:IdentifierValue",
                "ceterms:identifierValueCode": str(offered.version),
            }
        ],
        "ceterms:ownedBy": owner,
        "ceterms:offeredBy": owner,
        **_unless_empty("ceterms:keyword", list(definition.focus_areas)),
        **_unless_empty("ceterms:requires", _conditions(definition)),
        **_unless_empty("ceterms:estimatedDuration", _durations(definition)),
        **({} if months is None else {"ceterms:renewalFrequency": f"P{months}M"}),
    }


def graph(offers: Iterable[Offered]) -> dict[str, Any]:
    """Many micro-credentials as one document."""
    return {
        "@context": CONTEXT,
        "@graph": [
            {name: value for name, value in described(one).items() if name != "@context"}
            for one in offers
        ],
    }


def _status(*, retired: bool) -> dict[str, str]:
    return {
        "@type": "ceterms:CredentialAlignmentObject",
        "ceterms:framework": "http://credreg.net/ctdl/terms/CredentialStatus",
        "ceterms:targetNode": f"credentialStat:{_STATUSES[retired]}",
        "ceterms:targetNodeName": _STATUSES[retired],
    }


def _conditions(definition: Definition) -> list[dict[str, Any]]:
    """What has to be handed in, and the competencies that it has to show."""
    evidence = [f"{each.count} × {each.kind.replace('_', ' ')}" for each in definition.evidence]
    competencies = [
        {"@type": "ceterms:CredentialAlignmentObject", "ceterms:targetNodeName": each}
        for each in definition.competencies
    ]
    if not evidence and not competencies:
        return []
    asked = "Evidence that meets each criterion of the rubric in independent review"
    return [
        {
            "@type": "ceterms:ConditionProfile",
            "ceterms:description": f"{asked}: {', '.join(evidence)}." if evidence else f"{asked}.",
            **_unless_empty("ceterms:targetCompetency", competencies),
        }
    ]


def _durations(definition: Definition) -> list[dict[str, str]]:
    least, most = definition.effort_hours_min, definition.effort_hours_max
    if not most:
        return []
    return [
        {
            "@type": "ceterms:DurationProfile",
            "ceterms:minimumDuration": f"PT{least}H",
            "ceterms:maximumDuration": f"PT{most}H",
        }
    ]


def _unless_empty(name: str, values: list[Any]) -> Mapping[str, list[Any]]:
    return {name: values} if values else {}
