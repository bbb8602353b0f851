"""The page on which anybody has a record checked: one form, and what was found in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from fastapi import Response

from api.pages.plain import plain_page
from api.record_verdicts import AwardVerdict, Finding, Verdict

HEADLINES: Final[dict[Finding, str]] = {
    "in_force": "This record holds",
    "revoked": "This award was taken back",
    "expired": "This award is no longer valid",
    "not_ours": "This record was not issued here",
    "refused": "This file cannot be relied on",
}


def page(found: Verdict | None = None) -> Response:
    """The page, with what was found where something was looked at. It may load and run nothing."""
    title = "Check a record" if found is None else HEADLINES[found.finding]
    words = {
        "title": escape(title),
        "found": "" if found is None else "\n".join(_told(found)),
        "ask": "Which record?" if found is None else "Check another one",
    }
    headers = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    return plain_page("verify.html", words, form_action="'self'", headers=headers)


def _told(found: Verdict) -> Iterator[str]:
    yield f'<section class="{found.finding}" role="status">'
    yield f"<p><strong>{escape(found.explanation)}</strong></p>"
    yield "</section>"
    for award in found.awards:
        yield f'<section class="{award.finding}">'
        yield f"<h2>{escape(award.title)}</h2>"
        yield "<dl>"
        for name, value in _facts(award):
            yield f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
        yield "</dl>"
        yield "</section>"


def _facts(award: AwardVerdict) -> Iterator[tuple[str, str]]:
    """What is told of an award, in the order in which people ask."""
    yield "Status", _STATUS[award.finding]
    if award.replaced:
        yield "Newer copy", "The issuer has signed this record anew. Ask its holder for that copy."
    yield "Issued by", f"{award.issuer_name or 'no name stated'} ({award.issuer_id})"
    if award.version is not None:
        yield "Rubric", f"Version {award.version}, {award.rubric_url}"
    yield "Decided on", f"{award.decided_at:%Y-%m-%d} (UTC)"
    if award.valid_until is not None:
        yield "Valid until", f"{award.valid_until:%Y-%m-%d} (UTC)"
    if award.results:
        yield "What was seen", "\n".join(f"{one.criterion}: {one.level}" for one in award.results)
    if award.alignments:
        yield "What it is about", "\n".join(award.alignments)
    if award.evidence:
        counted = ", ".join(f"{count} × {kind}" for kind, count in award.evidence.items())
        yield (
            "What stood behind it",
            f"{counted}. The record commits to each file; the files stay with its holder.",
        )
    if award.asked_for is not None:
        yield "What it took", award.asked_for
    for note in award.disputes:
        said = f"\n“{note.rebuttal}”" if note.rebuttal else ""
        yield "In dispute", f"{note.in_words()}{said}"


_STATUS: Final[dict[Finding, str]] = {
    "in_force": "In force",
    "revoked": "Revoked: the issuer took the award back",
    "expired": "Expired",
    "not_ours": "Not known here",
    "refused": "Not to be relied on",
}
