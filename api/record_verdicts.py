"""What anybody may know of a record in hand: is it whole, who stands behind it, does it still hold.

Only what the file itself says is told, what its status list says of its place, and what its holder
has to say against it. The file is checked in a process of its own, a few at a time, for it may come
from anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from threading import BoundedSemaphore
from typing import Any, Final, Literal
from uuid import UUID

from api.disclosure_log import Line
from api.dispute_notes import DisputeNote, Notes, notes_on
from api.edge import Edge
from api.imports.records_checking import check_apart
from api.record_addresses import Addresses, addresses_of
from api.record_signing import document_of
from api.status_lists import StatusLists
from ledger.aggregates.person import Person
from ledger.commands.pre_service import lacks_consent
from ledger.errors import NotFoundError, UnavailableError
from ledger.records.documents import Document, RecordError, read_instant, single
from ledger.records.received import awards_of, needed, subject_of
from ledger.records.received_files import Received, read_file
from ledger.records.received_items import Item, Known, Source, Status
from projections import records
from projections.records import Award
from projections.sql import NO_ID

AT_ONCE: Final = 2
PATIENCE_SECONDS: Final = 5.0
_turns = BoundedSemaphore(AT_ONCE)

Finding = Literal["in_force", "revoked", "expired", "not_ours", "refused"]


@dataclass(frozen=True, slots=True)
class Result:
    """One criterion of the rubric, and the level that was seen."""

    criterion: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardVerdict:
    """One award in the file."""

    record_id: str
    finding: Finding
    issuer_name: str | None
    issuer_id: str
    title: str
    version: str | None  # of the micro-credential and its rubric
    rubric_url: str | None
    decided_at: datetime
    valid_until: datetime | None
    replaced: bool  # the issuer has signed it anew since, which is the copy to ask for
    asked_for: str | None  # what had to be shown and handed in
    results: list[Result]
    alignments: list[str]  # statements of frameworks that it is about, in words
    evidence: dict[str, int]  # files that were assessed, by kind; the record commits to each
    disputes: list[DisputeNote]  # her words stand beside the award, wherever it is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a file that somebody brought. `finding` is the worst of its awards'."""

    finding: Finding
    reason: str | None  # the slug of a refusal
    explanation: str
    awards: list[AwardVerdict]


_EXPLAINED: Final[Mapping[Finding, str]] = {
    "in_force": "The record is what its issuer signed, and it holds.",
    "revoked": "The record is what its issuer signed, and the award was taken back since.",
    "expired": "The record is what its issuer signed, and the award is no longer valid.",
    "not_ours": "The record was not issued by this ledger, which cannot say anything about it.",
}
_OF_STATUS: Final[Mapping[Status, Finding]] = {
    "active": "in_force",
    "revoked": "revoked",
    "expired": "expired",
    "unlisted": "not_ours",  # ours all have a place in a list of ours
    "unknown": "not_ours",
}
_WORST_FIRST: Final[tuple[Finding, ...]] = ("refused", "not_ours", "revoked", "expired")


def verdict(edge: Edge, lists: StatusLists, content: bytes, at: datetime) -> Verdict:
    """Look at a file. A file that is no good is an answer too; nothing is asked of anybody else.

    Raises UnavailableError while too many others have files looked at.
    """
    addresses = addresses_of(edge.settings)
    try:
        received = read_file(content)
        known = _known(edge, lists, addresses, received, at)
        if not known.issuers:
            return _all_in_all("not_ours", [])
        with _in_turn():
            checked = check_apart(content, known, at)
    except RecordError as refusal:
        return Verdict(
            finding="refused", reason=refusal.slug, explanation=refusal.detail, awards=[]
        )
    ours = _ours(edge, addresses, checked.items)
    notes = _notes(edge, ours.values(), at)
    awards = [
        _told(document, item, ours.get(item.record_id), notes)
        for document, item in zip(awards_of(received), checked.items, strict=True)
    ]
    findings = {award.finding for award in awards}
    if checked.standing != "verified":
        findings.add("not_ours")
    return _all_in_all(next((one for one in _WORST_FIRST if one in findings), "in_force"), awards)


def _all_in_all(finding: Finding, awards: list[AwardVerdict]) -> Verdict:
    return Verdict(finding=finding, reason=None, explanation=_EXPLAINED[finding], awards=awards)


@contextmanager
def _in_turn() -> Iterator[None]:
    if not _turns.acquire(timeout=PATIENCE_SECONDS):
        raise UnavailableError("many records are being looked at; try again")
    try:
        yield
    finally:
        _turns.release()


def _known(
    edge: Edge, lists: StatusLists, addresses: Addresses, received: Received, at: datetime
) -> Known:
    """The documents of our own issuers, and our own lists, that the record needs."""
    wanted = needed(received)
    issuers: dict[str, tuple[Source, Document]] = {}
    listed: dict[str, tuple[Source, Document | str]] = {}
    for name in wanted.issuers:
        try:
            document = document_of(edge, addresses.issuer_of(name))
        except ValueError:
            continue
        if document is not None:
            issuers[name] = ("fetched", document)
    for url in wanted.lists:
        try:
            issuer_id, number = addresses.list_of(url)
            listed[url] = ("fetched", lists.find(edge, issuer_id, number, at).document)
        except (ValueError, NotFoundError):
            continue
    return Known(issuers, listed)


def _ours(edge: Edge, addresses: Addresses, items: Iterable[Item]) -> Mapping[str, Award]:
    """What the log has of the records that are proven to be ours, by their ids."""
    ids: dict[UUID, str] = {}
    issuers: set[UUID] = set()
    for item in items:
        if item.standing == "verified":
            with suppress(ValueError):
                ids[addresses.record_of(item.record_id)] = item.record_id
                issuers |= {addresses.issuer_of(item.issuer_id) or NO_ID}
    if not ids:
        return {}
    with edge.reading(issuers) as connection:
        found = records.of_records(connection, ids)
    return {ids[one.record_id]: one for one in found if one.record_id is not None}


def _notes(edge: Edge, awards: Iterable[Award], at: datetime) -> Notes:
    """What is disputed about these awards; that somebody is shown her words is written down first.

    Whoever checks a record is named by the record alone: nobody asks who she is. Words of a minor
    are told where a guardian agreed that others see what she earns.
    """
    found: dict[UUID, list[DisputeNote]] = {}
    lines: list[Line] = []
    of_person: dict[UUID, list[Award]] = {}
    for award in awards:
        of_person.setdefault(award.person_id, []).append(award)
    for person_id, hers in of_person.items():
        if lacks_consent(edge.vault, edge.ledger.get(Person, person_id), "sharing", at):
            continue
        with edge.reading([person_id]) as connection:
            notes = notes_on(edge, connection, person_id)
        for award in hers:
            if award.enrollment_id in notes:
                found[award.enrollment_id] = notes[award.enrollment_id]
                lines.append(_view_of(award, at))
    if lines:
        edge.disclosures.write(lines).result()
    return found


def _view_of(award: Award, at: datetime) -> Line:
    assert award.record_id is not None, "what is checked is a record"
    return Line(
        read_at=at,
        person_id=award.person_id,
        reader_id=award.record_id,
        role="verifier",
        organization_id=None,
        record="disputes",
        thing_id=award.enrollment_id,
    )


def _told(document: Document, item: Item, award: Award | None, notes: Notes) -> AwardVerdict:
    achievement = single(subject_of(document)["achievement"])
    criteria = single(achievement.get("criteria"))
    return AwardVerdict(
        record_id=item.record_id,
        finding=_finding(item),
        issuer_name=item.issuer_name,
        issuer_id=item.issuer_id,
        title=item.title,
        version=_text(achievement.get("version")),
        rubric_url=_text(achievement.get("id")),
        decided_at=item.awarded_at,
        valid_until=item.valid_until,
        replaced=_is_replaced(document, award),
        asked_for=_text(criteria.get("narrative")) if isinstance(criteria, Mapping) else None,
        results=list(_results(document, achievement)),
        alignments=list(_alignments(achievement)),
        evidence=dict(Counter(_text(one.get("name")) or "File" for one in _listed(document))),
        disputes=list(notes.get(award.enrollment_id, [])) if award else [],
    )


def _finding(item: Item) -> Finding:
    return _OF_STATUS[item.status] if item.standing == "verified" else "not_ours"


def _is_replaced(document: Document, award: Award | None) -> bool:
    """Whether a newer issue of the record is in the log."""
    newest = award.valid_from if award else None
    return newest is not None and newest > read_instant(document.get("validFrom"))


def _results(document: Document, achievement: Mapping[str, Any]) -> Iterator[Result]:
    """The levels that were seen, by the names that the rubric gives them."""
    names: dict[str, tuple[str, dict[str, str]]] = {}
    for row in _objects(achievement.get("resultDescription")):
        levels = {
            str(level.get("id")): str(level.get("name"))
            for level in _objects(row.get("rubricCriterionLevel"))
        }
        names[str(row.get("id"))] = str(row.get("name")), levels
    for result in _objects(subject_of(document).get("result")):
        criterion, levels = names.get(str(result.get("resultDescription")), ("", {}))
        level = levels.get(str(result.get("achievedLevel")))
        if criterion and level:
            yield Result(criterion, level)


def _alignments(achievement: Mapping[str, Any]) -> Iterator[str]:
    """Of which framework, by which code, and what it says there."""
    for one in _objects(achievement.get("alignment")):
        cited = [_text(one.get(name)) for name in ("targetFramework", "targetCode")]
        words = " ".join(part for part in cited if part)
        yield ": ".join(part for part in (words, _text(one.get("targetName"))) if part)


def _listed(document: Document) -> list[Mapping[str, Any]]:
    return _objects(document.get("evidence"))


def _objects(part: object) -> list[Mapping[str, Any]]:
    """The parts that a record lists, each once: what is written in pieces is signed as one.

    Pieces are of one part by its id; a part without any stands by itself.
    """
    found: dict[str | int, dict[str, Any]] = {}
    for number, one in enumerate(part if isinstance(part, list) else [part]):
        if isinstance(one, Mapping):
            found.setdefault(str(one["id"]) if "id" in one else number, {}).update(one)
    return list(found.values())


def _text(part: object) -> str | None:
    one = single(part)
    return one if isinstance(one, str) else None
