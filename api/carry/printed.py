"""A transcript on paper: a PDF for people with and without sight, with the signed record inside.

PDF/UA-1, so that it can be read out, and PDF/A-3, so that it can be kept. It is made of a bundle's
contents alone, with fonts that come with the typesetter: the same contents give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson
import segno
import typst

from api.carry.brought import Earlier, in_words, marked
from api.carry.contents import CarriedAward, Contents
from api.external_records import Acceptance, ShownItem
from api.transcripts import ShownLine
from ledger.records.documents import compact_json

TITLE: Final = "Professional learning transcript"
NOBODY: Final = "(name not known)"
STATES: Final = {
    "awarded": "in force",
    "expired": "expired",
    "revoked": "revoked",
    "enrolled": "enrolled",
    "submitted": "in review",
    "returned": "returned to complete",
    "not_yet": "not yet earned",
    "held": "held for a question of integrity",
    "withdrawn": "withdrawn",
}
ONE_CHARACTER: Final = b'#set text(font: "Libertinus Serif")\n#sys.inputs.character'
LATIN_LAST: Final = "\u024f"  # every letter up to it is in the font


def printed(contents: Contents) -> bytes:
    """The PDF. What its font cannot show is written as code points; the record inside has it."""
    drawn = typst.compile(
        _template(),
        format="pdf",
        pdf_standards=["ua-1", "a-3a"],
        sys_inputs={"said": orjson.dumps(_drawable(_said(contents))).decode()},
        ignore_system_fonts=True,
    )
    assert isinstance(drawn, bytes), "a PDF is one file"
    return drawn


def verify_address(host: str) -> str:
    """Where anybody can have a record checked."""
    return f"https://{host}/verify"


def _said(contents: Contents) -> dict[str, Any]:
    holder = contents.holder or NOBODY
    earned = [line for line in contents.lines if line.awarded_on is not None]
    verify_at = verify_address(contents.host)
    return {
        "title": TITLE,
        "holder": holder,
        "summary": f"As of {contents.as_of.isoformat()}, position {contents.position} of the"
        f" ledger at {contents.host}.",
        "as_of": contents.as_of.isoformat(),
        "footer": f"{holder}, as of {contents.as_of.isoformat()}",
        "code": _code(verify_at),
        "verify_at": verify_at,
        "files": [
            {
                "name": "transcript.json",
                "content": compact_json(record).decode(),
                "description": "The same record, signed: a Comprehensive Learner Record 2.0",
            }
            for record in ([contents.learner_record] if contents.learner_record else [])
        ],
        "lines": [_earned(line) for line in earned],
        "open": [_open(line) for line in contents.lines if line.awarded_on is None],
        "earlier": [_earlier(one) for one in contents.brought.earlier],
        "elsewhere": [
            _elsewhere(item, one.district_name)
            for one in contents.brought.elsewhere
            for item in one.found.items
        ],
        "disputes": [noted for line in contents.lines for noted in _disputes(line)],
        "awards": [_behind(award) for award in contents.awards],
        "check": _check(contents, verify_at),
    }


def _earned(line: ShownLine) -> dict[str, str]:
    until = line.revoked_on if line.status == "revoked" else line.expires_on
    return {
        "title": _titled(line),
        "issuer": line.issuer_name or "",
        "awarded": line.awarded_on.isoformat() if line.awarded_on else "",
        "until": until.isoformat() if until else "no end",
        "state": STATES[line.status],
    }


def _open(line: ShownLine) -> dict[str, str]:
    return {
        "title": _titled(line),
        "issuer": line.issuer_name or "",
        "attempts": str(len(line.attempts)),
        "state": STATES[line.status],
    }


def _earlier(one: Earlier) -> dict[str, str]:
    return {
        "title": in_words(one.entry),
        "issuer": one.entry.get("issuer") or "",
        "awarded": one.entry["earned_on"],
        "until": one.entry.get("expires_on") or "no end",
        "from": f"{one.district_name}, as of {one.as_of.isoformat()}",
    }


def _elsewhere(item: ShownItem, district_name: str) -> dict[str, str]:
    decided = item.acceptance
    return {
        "title": item.title or "",
        "issuer": item.issuer_name or "",
        "awarded": f"{item.earned_on}",
        "found": f"{marked(item)}, {item.status}",
        "accepted": f"{district_name}: {_accepted(decided)}",
    }


def _accepted(decided: Acceptance | None) -> str:
    if decided is None:
        return "not decided"
    return "under review" if decided.under_review_from else decided.outcome.replace("_", " ")


def _disputes(line: ShownLine) -> Iterator[dict[str, str]]:
    """What she says is wrong with a line; her words stand beside whatever was answered."""
    for note in line.disputes:
        yield {
            "title": _titled(line),
            "said": note.in_words(),
            "rebuttal": note.rebuttal or "",
        }


def _titled(line: ShownLine) -> str:
    return f"{line.title or line.credential_id} (version {line.credential_version})"


def _behind(award: CarriedAward) -> dict[str, Any]:
    """The levels an award's record says were reached, by the words of its rubric."""
    subject = award.document["credentialSubject"]
    rubric = {one["id"]: one for one in subject["achievement"].get("resultDescription", [])}
    reached = [
        (rubric[one["resultDescription"]]["name"], _level(rubric[one["resultDescription"]], one))
        for one in subject.get("result", [])
    ]
    evidence = len(award.document.get("evidence", []))
    return {
        "title": award.title,
        "shown": f"Issued by {award.issuer_name} on {award.document['awardedDate'][:10]} by"
        " decision, after independent review of the evidence handed in.",
        "levels": [[name, level] for name, level in reached],
        "record": award.document["id"],
        "evidence": f"Pieces of evidence committed to: {evidence}.",
    }


def _level(description: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    levels = {one["id"]: one["name"] for one in description["rubricCriterionLevel"]}
    return str(levels[result["achievedLevel"]])


def _check(contents: Contents, verify_at: str) -> list[str]:
    inside = (
        "The signed record is attached to this file as transcript.json; the paper itself proves"
        " nothing."
        if contents.learner_record
        else "There is no award yet, so nothing signed is attached."
    )
    hand_it_to = (
        f"Hand the attachment, or the bundle it came in, to {verify_at}, or to any software that"
        " checks Open Badges 3.0 and Comprehensive Learner Records 2.0."
    )
    return [
        inside,
        hand_it_to,
        "The state of an award can change after this was printed: its status list has the newest.",
    ]


def _code(address: str) -> str:
    drawn = io.BytesIO()
    segno.make(address, error="m").save(drawn, kind="svg", xmldecl=False, border=2, scale=4)
    return drawn.getvalue().decode()


def _drawable(said: Any) -> Any:
    """The same with every character that the font has; files and drawings stay as they are."""
    if isinstance(said, str):
        return "".join(_shown(said))
    if isinstance(said, list):
        return [_drawable(one) for one in said]
    if isinstance(said, dict):
        kept = {"files", "code"}
        return {name: one if name in kept else _drawable(one) for name, one in said.items()}
    return said


def _shown(text: str) -> Iterator[str]:
    for character in text:
        if (character.isprintable() and character <= LATIN_LAST) or _has(character):
            yield character
        else:
            yield f"[U+{ord(character):04X}]"


@cache
def _has(character: str) -> bool:
    """Whether the font has a character; the typesetter refuses to print what it cannot show."""
    try:
        typst.compile(
            ONE_CHARACTER,
            format="pdf",
            pdf_standards=["a-3u"],
            sys_inputs={"character": character},
            ignore_system_fonts=True,
        )
    except typst.TypstError:
        return False
    return True


@cache
def _template() -> bytes:
    return (files("api.carry") / "transcript.typ").read_bytes()
