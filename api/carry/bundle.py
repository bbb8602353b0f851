"""The bundle as a file: a zip with the record in every form, and what it takes to check it offline.

The same contents give the same bytes: no file has a time, and their order is fixed.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, Final

import orjson

from api.carry.brought import Brought, earlier_documents, in_words, marked
from api.carry.contents import CarriedAward, Contents, disputed_in_words
from api.carry.printed import printed, verify_address
from api.exports.layout import safe_text
from api.transcripts import ShownLine
from ledger.records.badges import badge, baked
from ledger.records.documents import Document, compact_json
from ledger.records.received_files import ELSEWHERE as NOT_PART
from ledger.records.received_files import is_document

PNG: Final = b"\x89PNG"
BOM: Final = b"\xef\xbb\xbf"
NO_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the first that a zip knows
COLUMNS: Final = (
    "origin",
    "title",
    "version",
    "issuer",
    "cycle",
    "status",
    "enrolled_at",
    "attempts",
    "decided_on",
    "awarded_on",
    "expires_on",
    "revoked_on",
    "enrollment_id",
    "positions",
    "disputes",
)
AWARD_FILES: Final = ("award.json", "award.jwt", "badge.png")
HERE, EARLIER, ELSEWHERE = "this ledger", "earlier system", "elsewhere"
_README: Final = """\
# A professional learning record

Holder: {holder}
As of {as_of}, position {position} of the ledger at {host}.

| file | what it is |
|---|---|
{files}

## Check it without the ledger

{commands}

These are for the first of each kind; in a shell, for all of them:

{loops}

`mcledger` is the program of the ledger itself; these commands ask nobody for anything. Software of
others takes the same files: whatever checks Open Badges 3.0 with Data Integrity proofs
(`eddsa-rdfc-2022`) or VC-JWT.
{disputed}
Two things do not come with a bundle, since whoever forged it would forge them as well. The keys of
the log (`log-keys.txt`) are to be had from the ledger's operator or from a witness. That the DID
documents are those of the issuers is known while their addresses answer, or from an earlier copy.

A status list that came along says what held when this was made. What holds now says the list at its
address, or {verify_at}.
"""

_WHAT: Final[Mapping[str, str]] = {
    "transcript.json": "everything signed, as one Comprehensive Learner Record 2.0",
    "transcript.pdf": "the same to read and print, with `transcript.json` attached",
    "transcript.csv": "every enrollment and all below, for a spreadsheet; it proves nothing",
    "awards/": "each award: `award.json` (Open Badges 3.0), `award.jwt`, `badge.png` with the"
    " record inside, and `receipts.json`, which proves each event of its history",
    "earlier/": "what earlier systems of districts said: two people there vouched for it, nobody"
    " signed it; `receipts.json` proves that it was brought along",
    "elsewhere/": "records of others, as they came: each is checked by itself; `found.json` has"
    " what was found out about it, and what a district lets it count for",
    "issuers/": "the DID documents of whoever signed: every key they ever used",
    "status/": "the status lists as of when this was made",
    "checkpoint": "the newest state of the log that the ledger and its witnesses signed",
    "SHA256SUMS": "what every file was when this was made",
}


def bundle(contents: Contents) -> bytes:
    """The zip file."""
    inside = dict(_files(contents))
    files = {"README.md": _readme(contents, {*inside, "SHA256SUMS"}).encode(), **inside}
    sums = "".join(f"{sha256(found).hexdigest()}  {name}\n" for name, found in files.items())
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as written:
        for name, found in {**files, "SHA256SUMS": sums.encode()}.items():
            written.writestr(zipfile.ZipInfo(name, NO_TIME), found, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _files(contents: Contents) -> Iterator[tuple[str, bytes]]:
    if contents.learner_record is not None:
        yield "transcript.json", compact_json(contents.learner_record)
    yield "transcript.pdf", printed(contents)
    yield "transcript.csv", _table(contents)
    for number, award in enumerate(contents.awards, start=1):
        yield from _award_files(f"awards/{number:02}", award)
    yield from _brought_files(contents.brought)
    for issuer in contents.issuers:
        yield f"issuers/{_file_name(issuer)}.json", compact_json(issuer)
    for listed in contents.lists:
        yield f"status/{_file_name(listed)}.json", compact_json(listed)
    if contents.checkpoint is not None:
        yield "checkpoint", contents.checkpoint.encode()


def _award_files(folder: str, award: CarriedAward) -> Iterator[tuple[str, bytes]]:
    yield f"{folder}/award.json", compact_json(award.document)
    yield f"{folder}/award.jwt", award.token.encode()
    yield f"{folder}/badge.png", baked(badge(award.title, award.issuer_name), award.document)
    yield f"{folder}/receipts.json", _receipts(award.receipts)


def _brought_files(brought: Brought) -> Iterator[tuple[str, bytes]]:
    if brought.earlier:
        yield "earlier/records.json", orjson.dumps({"records": earlier_documents(brought.earlier)})
        receipts = [one for record in brought.earlier for one in record.receipts]
        yield "earlier/receipts.json", _receipts(receipts)
    for number, one in enumerate(brought.elsewhere, start=1):
        folder = f"{NOT_PART}{number:02}"
        if one.original:
            yield f"{folder}/record.{_kind_of(one.original)}", one.original
        yield f"{folder}/found.json", orjson.dumps(one.found)
        yield f"{folder}/receipts.json", _receipts(one.receipts)


def _kind_of(original: bytes) -> str:
    if original.startswith(PNG):
        return "png"
    if is_document(original):
        return "pdf"
    return "json" if original.removeprefix(BOM).lstrip().startswith(b"{") else "jwt"


def _receipts(found: Sequence[Mapping[str, Any]]) -> bytes:
    return orjson.dumps({"receipts": list(found)})


def _file_name(document: Document) -> str:
    """The id of a document as the name of a file, the same on every system."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", str(document["id"]).removeprefix("https://"))


def _table(contents: Contents) -> bytes:
    written = io.StringIO(newline="")
    table = csv.DictWriter(written, COLUMNS, restval="", lineterminator="\r\n")
    table.writeheader()
    for row in _rows(contents):
        table.writerow({name: _cell(value) for name, value in row.items()})
    return written.getvalue().encode("utf-8-sig")  # or spreadsheets take it for another encoding


def _rows(contents: Contents) -> Iterator[dict[str, Any]]:
    """Every line with where it is from, so that nobody takes one for an award of this ledger."""
    yield from map(_row, contents.lines)
    for earlier in contents.brought.earlier:
        yield {
            "origin": f"{EARLIER} of {earlier.district_name}, as of {earlier.as_of}",
            "title": in_words(earlier.entry),
            "issuer": earlier.entry.get("issuer"),
            "awarded_on": earlier.entry["earned_on"],
            "expires_on": earlier.entry.get("expires_on"),
            "positions": str(earlier.position),
        }
    for one in contents.brought.elsewhere:
        for item in one.found.items:
            yield {
                "origin": f"{ELSEWHERE}, received by {one.district_name}: {marked(item)}",
                "title": item.title,
                "issuer": item.issuer_name,
                "status": item.status,
                "awarded_on": item.earned_on,
                "expires_on": item.expires_on,
                "positions": " ".join(map(str, one.found.positions)),
            }


def _row(line: ShownLine) -> dict[str, Any]:
    return {
        "origin": HERE,
        "title": line.title,
        "version": line.credential_version,
        "issuer": line.issuer_name,
        "cycle": line.cycle,
        "status": line.status,
        "enrolled_at": line.enrolled_at.isoformat(),
        "attempts": len(line.attempts),
        "decided_on": line.decided_on,
        "awarded_on": line.awarded_on,
        "expires_on": line.expires_on,
        "revoked_on": line.revoked_on,
        "enrollment_id": line.enrollment_id,
        "positions": " ".join(map(str, line.positions)),
        "disputes": "\n".join(
            f"{one.in_words()} {one.rebuttal or ''}".strip() for one in line.disputes
        ),
    }


def _cell(value: Any) -> str | int:
    if isinstance(value, int):
        return value
    return "" if value is None else safe_text(str(value))


def _readme(contents: Contents, names: Collection[str]) -> str:
    """It speaks of what is there, and of nothing else."""
    there = {name if "/" not in name else f"{name.partition('/')[0]}/" for name in names}
    return _README.format(
        files="\n".join(f"| `{name}` | {what} |" for name, what in _WHAT.items() if name in there),
        commands="\n".join(f"    {command}" for command in _commands(names)),
        loops="\n".join(f"    {loop}" for loop in _loops(names)),
        holder=contents.holder or "(not known)",
        as_of=contents.as_of.isoformat(),
        position=contents.position,
        host=contents.host,
        verify_at=verify_address(contents.host),
        disputed=_disputed(contents.lines),
    )


def _commands(names: Collection[str]) -> Iterator[str]:
    """What checks it, for the first of each kind."""
    yield "sha256sum --check SHA256SUMS"
    for name in ("transcript.json", *(f"awards/01/{one}" for one in AWARD_FILES)):
        if name in names:
            yield f"mcledger records check {name} --with issuers --with status"
    for name in ("awards/01", "earlier", f"{NOT_PART}01"):
        if f"{name}/receipts.json" in names:
            yield f"mcledger verify --receipt {name}/receipts.json --keys log-keys.txt"


def _loops(names: Collection[str]) -> Iterator[str]:
    """What checks all of each kind, for a shell."""
    check = 'mcledger records check "$file" --with issuers --with status'
    prove = 'mcledger verify --receipt "$file" --keys log-keys.txt'
    patterns = [(f"awards/*/{one}", check) for one in AWARD_FILES]
    patterns += [("awards/*/receipts.json", prove), (f"{NOT_PART}*/receipts.json", prove)]
    for pattern, command in patterns:
        if any(PurePosixPath(name).match(pattern) for name in names):
            yield f"for file in {pattern}; do {command}; done"


def _disputed(lines: Iterable[ShownLine]) -> str:
    said = [f"    {part}" for part in disputed_in_words(lines)]
    return "\n".join(["", "## What the holder disputes", "", *said, ""]) if said else ""
