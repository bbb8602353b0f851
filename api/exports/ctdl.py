"""Micro-credentials and stacks of them as registries of credentials describe them, in CTDL.

CTDL has no word for a stack: it is a `ceterms:CertificateOfCompletion` with its parts.

Source: Credential Transparency Description Language and the schema of the Credential Registry;
docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ledger.events.credential import Alignment, Definition

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
    alignments: tuple[Alignment, ...] = ()
    part_of: tuple[str, ...] = ()  # urls of descriptions of stacks


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedStack:
    """A stack as it is defined now, and who offers it."""

    stack_id: UUID
    url: str  # of this description
    webpage: str  # where people read what is asked for
    issuer_url: str
    issuer_name: str
    version: int
    title: str
    summary: str
    requirement: str  # what completes it, in words
    parts: tuple[str, ...]  # urls of descriptions of micro-credentials
    retired: bool


def described(offered: Offered) -> dict[str, Any]:
    """One micro-credential. Its CTID is the same for all its versions, as its id here is."""
    definition = offered.definition
    months = definition.valid_months
    return {
        **_named(
            "MicroCredential",
            offered,
            offered.credential_id,
            definition.title,
            definition.summary,
        ),
        "ceterms:dateEffective": offered.published_at.date().isoformat(),
        **_unless_empty("ceterms:isPartOf", list(offered.part_of)),
        **_unless_empty("ceterms:keyword", list(definition.focus_areas)),
        **_unless_empty("ceterms:requires", _conditions(definition, offered.alignments)),
        **_unless_empty("ceterms:estimatedDuration", _durations(definition)),
        **({} if months is None else {"ceterms:renewalFrequency": f"P{months}M"}),
    }


def described_stack(offered: OfferedStack) -> dict[str, Any]:
    """One stack, with the micro-credentials that count towards it."""
    condition = {
        "@type": "ceterms:ConditionProfile",
        "ceterms:description": offered.requirement,
    }
    return {
        **_named(
            "CertificateOfCompletion", offered, offered.stack_id, offered.title, offered.summary
        ),
        "ceterms:requires": [condition],
        **_unless_empty("ceterms:hasPart", list(offered.parts)),
    }


def graph(offers: Iterable[Offered], stacks: Iterable[OfferedStack] = ()) -> dict[str, Any]:
    """Many micro-credentials, and stacks of them, as one document."""
    every = [*map(described, offers), *map(described_stack, stacks)]
    return {
        "@context": CONTEXT,
        "@graph": [
            {name: value for name, value in one.items() if name != "@context"} for one in every
        ],
    }


def _named(
    kind: str, offered: Offered | OfferedStack, own_id: UUID, title: str, summary: str
) -> dict[str, Any]:
    """What registries ask of every credential."""
    owner = [
        {
            "@type": "ceterms:CredentialOrganization",
            "ceterms:name": offered.issuer_name,
            "ceterms:subjectWebpage": offered.issuer_url,
        }
    ]
    return {
        "@context": CONTEXT,
        "@type": f"ceterms:{kind}",
        "@id": offered.url,
        "ceterms:ctid": f"ce-{own_id}",
        "ceterms:name": title,
        "ceterms:description": summary,
        "ceterms:subjectWebpage": offered.webpage,
        "ceterms:credentialStatusType": _status(retired=offered.retired),
        "ceterms:inLanguage": ["en"],
        "ceterms:versionIdentifier": [
            {
                "@type": "ceterms:IdentifierValue",
                "ceterms:identifierValueCode": str(offered.version),
            }
        ],
        "ceterms:ownedBy": owner,
        "ceterms:offeredBy": owner,
    }


def _status(*, retired: bool) -> dict[str, str]:
    return {
        "@type": "ceterms:CredentialAlignmentObject",
        "ceterms:framework": "http://credreg.net/ctdl/terms/CredentialStatus",
        "ceterms:targetNode": f"credentialStat:{_STATUSES[retired]}",
        "ceterms:targetNodeName": _STATUSES[retired],
    }


def _conditions(definition: Definition, alignments: tuple[Alignment, ...]) -> list[dict[str, Any]]:
    """What has to be handed in, and what it has to show, as frameworks put it too."""
    evidence = [f"{each.count} × {each.kind.replace('_', ' ')}" for each in definition.evidence]
    competencies = [
        {"@type": "ceterms:CredentialAlignmentObject", "ceterms:targetNodeName": each}
        for each in definition.competencies
    ]
    competencies += [_alignment(each) for each in alignments]
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


def _alignment(alignment: Alignment) -> dict[str, str]:
    code = {} if alignment.code is None else {"ceterms:codedNotation": alignment.code}
    return {
        "@type": "ceterms:CredentialAlignmentObject",
        "ceterms:frameworkName": f"{alignment.framework} ({alignment.edition})",
        "ceterms:targetNode": alignment.url,
        "ceterms:targetNodeName": alignment.name,
        **code,
    }


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
