"""An award as an Open Badges 3.0 credential: what it took, what was seen, and what stood behind it.

The document uses only words on which every copy of its contexts agrees, and states nothing twice:
of two equal statements one could be taken away without breaking the signature. Whatever another
award may say in the same words has an id, or a transcript with both would hold parts that look the
same, and telling those apart takes every verifier much work.

Source: Open Badges Specification 3.0; docs/sources.md.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ledger.events.credential import Alignment, Criterion, Definition, EvidenceKind
from ledger.records.contexts import CREDENTIALS, OPEN_BADGES
from ledger.records.documents import Document, RecordError, written_instant
from ledger.records.identities import Identity
from ledger.records.status import StatusEntry

_COMMITMENT: Final = re.compile(r"hmac-sha256:([0-9a-f]{64}) salt:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues, as the record names it."""

    issuer_id: str  # did:web
    name: str
    url: str | None = None

    def document(self) -> dict[str, Any]:
        """As `issuer`."""
        members = {"id": self.issuer_id, "type": ["Profile"], "name": self.name, "url": self.url}
        return _filled(members)


@dataclass(frozen=True, slots=True)
class EvidenceCommitment:
    """What shows later, of a file she chooses to show, that it is the one that was assessed."""

    evidence_id: UUID
    kind: EvidenceKind
    commitment: str  # hmac-sha256: over the file, keyed by the salt
    salt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """Everything an award's credential says. Instants are aware; `levels` is slug to slug."""

    record_url: str  # its id: the same each time this award is issued anew
    issuer: Issuer
    subject_id: str  # names her in this record; not her id in the ledger
    identities: tuple[Identity, ...]
    achievement_url: str  # of this version of the micro-credential
    version: int
    definition: Definition
    levels: Mapping[str, str]  # criterion to the level she reached
    awarded_at: datetime
    valid_from: datetime  # of this issue: the newer replaces the older
    valid_until: datetime | None
    evidence: tuple[EvidenceCommitment, ...] = ()
    alignments: tuple[Alignment, ...] = ()
    status: StatusEntry | None = None


def credential(award: Award) -> dict[str, Any]:
    """The credential, not yet signed.

    Raises RecordError when a level is not one of the rubric.
    """
    return _filled(
        {
            "@context": [CREDENTIALS, OPEN_BADGES],
            "id": award.record_url,
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "name": award.definition.title,
            "issuer": award.issuer.document(),
            "validFrom": written_instant(award.valid_from),
            "validUntil": award.valid_until and written_instant(award.valid_until),
            "awardedDate": written_instant(award.awarded_at),
            "credentialSubject": _filled(
                {
                    "id": award.subject_id,
                    "type": ["AchievementSubject"],
                    "identifier": [identity.document() for identity in award.identities],
                    "achievement": achievement(
                        award.achievement_url, award.version, award.definition, award.alignments
                    ),
                    "result": _results(award),
                }
            ),
            "evidence": [_evidence(each) for each in award.evidence],
            "credentialStatus": award.status and award.status.document(),
        }
    )


def achievement(
    url: str, version: int, definition: Definition, alignments: Iterable[Alignment] = ()
) -> dict[str, Any]:
    """A version of a micro-credential, with its rubric, as every record of it states it."""
    return _filled(
        {
            "id": url,
            "type": ["Achievement"],
            "achievementType": "MicroCredential",
            "name": definition.title,
            "description": definition.summary,
            "version": str(version),
            "inLanguage": "en",
            "criteria": {"id": f"{url}#/criteria", "narrative": _narrative(definition)},
            "tag": list(definition.focus_areas),
            "alignment": [
                {"id": f"{url}#/alignment/{number}", **_alignment(each)}
                for number, each in enumerate(alignments, 1)
            ],
            "resultDescription": [
                _result_description(url, criterion) for criterion in definition.rubric
            ],
        }
    )


def shows(evidence: Document, content: bytes) -> bool:
    """Whether a file is the one that an `evidence` of a record of ours commits to."""
    found = _COMMITMENT.search(str(evidence.get("narrative")))
    if found is None:
        return False
    digest = hmac.digest(bytes.fromhex(found[2]), content, "sha256").hex()
    return hmac.compare_digest(digest, found[1])


def _narrative(definition: Definition) -> str:
    """What had to be shown and handed in, in the words of the definition."""
    method = definition.key_method
    parts = [
        _listed("Competencies", definition.competencies),
        f"Key method: {method.description}" if method else "",
        _listed("References", method.references if method else ()),
        _listed(
            "Evidence handed in",
            tuple(f"{each.count} × {_spoken(each.kind)}" for each in definition.evidence),
        ),
        "Awarded by decision after an independent review, with each criterion of the rubric met.",
    ]
    return "\n\n".join(part for part in parts if part)


def _listed(title: str, entries: tuple[str, ...]) -> str:
    return "\n".join([f"{title}:", *(f"- {entry}" for entry in entries)]) if entries else ""


def _result_description(achievement_url: str, criterion: Criterion) -> dict[str, Any]:
    levels = sorted(criterion.levels, key=lambda level: level.points)
    passing = [level for level in levels if level.points >= criterion.passing_points]
    return _filled(
        {
            "id": _criterion_url(achievement_url, criterion.criterion),
            "type": ["ResultDescription"],
            "name": criterion.title,
            "resultType": "RubricCriterionLevel",
            "rubricCriterionLevel": [
                {
                    "id": _level_url(achievement_url, criterion.criterion, level.level),
                    "type": ["RubricCriterionLevel"],
                    "name": _spoken(level.level),
                    "level": level.level,
                    "points": str(level.points),
                    "description": level.description,
                }
                for level in levels
            ],
            "requiredLevel": _level_url(achievement_url, criterion.criterion, passing[0].level)
            if passing
            else None,
        }
    )


def _results(award: Award) -> list[dict[str, Any]]:
    rubric = {
        each.criterion: {level.level for level in each.levels} for each in award.definition.rubric
    }
    for criterion, level in award.levels.items():
        if level not in rubric.get(criterion, ()):
            raise RecordError(f"the rubric has no level {level} of {criterion}")
    return [
        {
            "id": f"{award.record_url}#{criterion}",
            "type": ["Result"],
            "resultDescription": _criterion_url(award.achievement_url, criterion),
            "achievedLevel": _level_url(award.achievement_url, criterion, award.levels[criterion]),
        }
        for criterion in rubric
        if criterion in award.levels
    ]


def _alignment(alignment: Alignment) -> dict[str, Any]:
    return _filled(
        {
            "type": ["Alignment"],
            "targetName": alignment.name,
            "targetUrl": alignment.url,
            "targetFramework": f"{alignment.framework} ({alignment.edition})",
            "targetCode": alignment.code,
            "targetType": alignment.target,
        }
    )


def _evidence(evidence: EvidenceCommitment) -> dict[str, Any]:
    """What the file is stays hers to show: the record holds a digest that only the file fits."""
    return {
        "id": f"urn:uuid:{evidence.evidence_id}",
        "type": ["Evidence"],
        "name": _spoken(evidence.kind),
        "genre": evidence.kind,
        "narrative": (
            "HMAC-SHA256 of the file, keyed by the salt:"
            f" {evidence.commitment} salt:{evidence.salt.hex()}"
        ),
    }


def _criterion_url(achievement_url: str, criterion: str) -> str:
    return f"{achievement_url}#{criterion}"


def _level_url(achievement_url: str, criterion: str, level: str) -> str:
    return f"{_criterion_url(achievement_url, criterion)}/{level}"


def _spoken(slug: str) -> str:
    return slug.replace("_", " ").replace("-", " ").capitalize()


def _filled(members: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is missing: a record has no nulls and no empty lists."""
    return {name: value for name, value in members.items() if value not in (None, [])}
