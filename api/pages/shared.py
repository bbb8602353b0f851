"""The page of a link: what a teacher shows of her record, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from fastapi import Response

from api.pages.plain import plain_page
from api.shared_records import SharedAward, SharedRecord

STATUS = {
    "awarded": "In force",
    "revoked": "Revoked: taken back by its issuer",
    "expired": "Expired",
}


def page(found: SharedRecord) -> Response:
    """The page. It may load and run nothing."""
    name = found.name or "a teacher"
    awards = [line for award in found.awards for line in _told(award)]
    words = {
        "title": escape(f"What {name} has earned"),
        "terms": escape(
            f"Shown by herself, for: {found.purpose}. As of {found.seen_on};"
            f" until the end of the day before {found.expires_on}."
        ),
        "awards": "\n".join(awards) or "<p>Nothing yet.</p>",
    }
    return plain_page("shared.html", words)


def _told(award: SharedAward) -> Iterator[str]:
    yield f'<section class="{"in_force" if award.in_force else escape(award.status)}">'
    yield f"<h2>{escape(award.title)}</h2>"
    yield "<dl>"
    for name, value in _facts(award):
        yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
    yield "</dl>"
    yield "</section>"


def _facts(award: SharedAward) -> Iterator[tuple[str, str]]:
    yield "Status", STATUS.get(award.status, award.status)
    yield "What she can do", "\n".join(award.competencies)
    yield "Issued by", award.issuer_name or "no name stated"
    yield "Decided on", f"{award.awarded_on}"
    if award.revoked_on is not None:
        yield "Revoked on", f"{award.revoked_on}"
    if award.expires_on is not None:
        yield "Valid until", f"the day before {award.expires_on}"
    if award.hours is not None:
        hours = f"{award.hours.effort_hours_min} to {award.hours.effort_hours_max}"
        yield "Hours", f"{hours}, as the issuer estimates; nobody counted them"
    if award.scores is not None:
        yield "What was seen", "\n".join(f"{one.title}: {one.level}" for one in award.scores)
    if award.evidence is not None:
        yield (
            "What stood behind it",
            "\n".join(f"{one.kind} ({one.media_type})" for one in award.evidence),
        )
    if award.record_url is not None:
        yield "Signed record", award.record_url
    for note in award.disputes:
        said = f"\n“{note.rebuttal}”" if note.rebuttal else ""
        yield "In dispute", f"{note.in_words()}{said}"
