"""The bundle as a file: a zip with the record in every form, and what it takes to check it offline.

The same contents give the same bytes: no file has a time, and their order is fixed.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

import orjson

from api.carry.contents import CarriedAward, Contents
from api.carry.printed import printed, verify_address
from api.exports.layout import safe_text
from api.transcripts import ShownLine
from ledger.records.badges import badge, baked
from ledger.records.documents import Document, compact_json

NO_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the first that a zip knows
COLUMNS: Final = (
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
_README: Final = """\
# A professional learning record

Holder: {holder}
As of {as_of}, position {position} of the ledger at {host}.

| file | what it is |
|---|---|
| `transcript.json` | everything signed, as one Comprehensive Learner Record 2.0 |
| `transcript.pdf` | the same to read and print, with `transcript.json` attached |
| `transcript.csv` | every enrollment, for a spreadsheet; it proves nothing |
| `awards/` | each award: `award.json` (Open Badges 3.0), `award.jwt`, `badge.png` with the record |
|  | inside, and `receipts.json`, which proves each event of its history |
| `issuers/` | the DID documents of whoever signed: every key they ever used |
| `status/` | the status lists as of when this was made |
| `checkpoint` | the newest state of the log that the ledger and its witnesses signed |
| `SHA256SUMS` | what every file was when this was made |

## Check it without the ledger

    sha256sum --check SHA256SUMS
    mcledger records check transcript.json --with issuers --with status
    mcledger verify --receipt awards/01/receipts.json --keys log-keys.txt

`mcledger` is the program of the ledger itself. Software of others takes the same files: whatever
checks Open Badges 3.0 with Data Integrity proofs (`eddsa-rdfc-2022`) or VC-JWT.

Two things do not come with a bundle, since whoever forged it would forge them as well. The keys of
the log (`log-keys.txt`) are to be had from the ledger's operator or from a witness. That the DID
documents are those of the issuers is known while their addresses answer, or from an earlier copy.

A status list that came along says what held when this was made. What holds now says the list at its
address, or {verify_at}.
"""


def bundle(contents: Contents) -> bytes:
    """The zip file."""
    files = dict(_files(contents))
    sums = "".join(f"{sha256(found).hexdigest()}  {name}\n" for name, found in files.items())
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as written:
        for name, found in {**files, "SHA256SUMS": sums.encode()}.items():
            written.writestr(zipfile.ZipInfo(name, NO_TIME), found, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _files(contents: Contents) -> Iterator[tuple[str, bytes]]:
    yield "README.md", _readme(contents).encode()
    if contents.learner_record is not None:
        yield "transcript.json", compact_json(contents.learner_record)
    yield "transcript.pdf", printed(contents)
    yield "transcript.csv", _table(contents.lines)
    for number, award in enumerate(contents.awards, start=1):
        yield from _award_files(f"awards/{number:02}", award)
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
    receipts: Mapping[str, Any] = {"receipts": list(award.receipts)}
    yield f"{folder}/receipts.json", orjson.dumps(receipts)


def _file_name(document: Document) -> str:
    """The id of a document as the name of a file, the same on every system."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", str(document["id"]).removeprefix("https://"))


def _table(lines: tuple[ShownLine, ...]) -> bytes:
    written = io.StringIO(newline="")
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(COLUMNS)
    table.writerows([_cell(value) for value in _row(line)] for line in lines)
    return written.getvalue().encode("utf-8-sig")  # or spreadsheets take it for another encoding


def _row(line: ShownLine) -> tuple[Any, ...]:
    return (
        line.title,
        line.credential_version,
        line.issuer_name,
        line.cycle,
        line.status,
        line.enrolled_at.isoformat(),
        len(line.attempts),
        line.decided_on,
        line.awarded_on,
        line.expires_on,
        line.revoked_on,
        line.enrollment_id,
        " ".join(map(str, line.positions)),
        "\n".join(f"{one.in_words()} {one.rebuttal or ''}".strip() for one in line.disputes),
    )


def _cell(value: Any) -> str | int:
    if isinstance(value, int):
        return value
    return "" if value is None else safe_text(str(value))


def _readme(contents: Contents) -> str:
    return _README.format(
        holder=contents.holder or "(not known)",
        as_of=contents.as_of.isoformat(),
        position=contents.position,
        host=contents.host,
        verify_at=verify_address(contents.host),
    )
