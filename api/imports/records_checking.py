"""Finds out what a record shows: asks whom the district allows, then checks the record apart."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from api.imports.records_apart import Apart
from api.imports.records_http import Asked, ask
from api.imports.records_worker import OUTCOME, PATIENCE, WHOLE, Job, Outcome
from ledger.errors import UnavailableError
from ledger.records.canonical import RecordTooComplexError
from ledger.records.documents import Document, RecordError
from ledger.records.received import came_along, host_of, needed
from ledger.records.received_files import (
    Received,
    read_file,
    strict_json,
    token_document,
    with_files,
)
from ledger.records.received_items import Checked, Known, Needed, Source

log = logging.getLogger("mcledger.records")
ASKED_MAX = 12  # addresses for one record, each of them for seconds
ASKING_SECONDS_MAX = 15.0  # then no further address is asked
BYTES_A_SECOND = 512 * 1024  # of a record, on a slow machine; a quiet one does twice as many
_APART = Apart((sys.executable, "-m", "api.imports.records_worker"))


@dataclass(frozen=True, slots=True)
class Found:
    """What a record shows, and whom it took to find that out."""

    received: Received
    checked: Checked
    asked: tuple[Asked, ...]


def find_out(
    content: bytes,
    at: datetime,
    hosts: Collection[str],
    *,
    in_development: bool,
    files: Iterable[bytes] = (),
) -> Found:
    """Read a record, ask for what it needs, and check it. Raises RecordError.

    Args:
        content: The file.
        at: As of when.
        hosts: Which may be asked, with a port where that is not 443.
        in_development: Hosts of this machine may be among them.
        files: Documents of issuers and status lists that are at hand, as if they had come along.
    """
    received = with_files(read_file(content), files)
    if any(host_of(one) in hosts for one in _addresses(needed(received, came_along(received)))):
        check_apart(content, Known(), at)  # what nobody's word could mend is asked of nobody
    known, asked = _gathered(received, hosts, in_development=in_development)
    return Found(received, check_apart(content, known, at), asked)


def check_apart(content: bytes, known: Known, at: datetime, apart: Apart | None = None) -> Checked:
    """As `checked`, in a process of its own.

    Raises RecordTooComplexError when that took too long, else what `checked` refuses with.
    """
    seconds = 1 + len(content) / BYTES_A_SECOND
    job = Job(content=content.decode("latin-1"), known=known, at=at, seconds=seconds)
    answer = (apart or _APART).ask(job.model_dump_json().encode(), seconds * PATIENCE)
    if answer is not None and not answer.endswith(WHOLE):
        raise RecordTooComplexError("the record takes more work than a record may")
    outcome = OUTCOME.validate_json(answer) if answer else Outcome(failure="nobody to check it")
    if outcome.failure is not None:
        log.error("checking a record ended with %s", outcome.failure)
        raise UnavailableError("the record could not be checked; our fault, not the record's")
    if outcome.found is None:
        raise _refusals()[outcome.slug or ""](outcome.detail or "")
    return outcome.found


def _gathered(
    received: Received, hosts: Collection[str], *, in_development: bool
) -> tuple[Known, tuple[Asked, ...]]:
    """What came along, and over it what was answered: newer, and from whom it is about.

    An answer may name what is needed next: of Open Badges 2.0 a badge its issuer, that its key.
    """
    known = came_along(received)
    asked: list[Asked] = []
    until = time.monotonic() + ASKING_SECONDS_MAX
    while len(asked) < ASKED_MAX and time.monotonic() < until:
        needs, named = needed(received, known), {one.address for one in asked}
        address = next((one for one in _addresses(needs) if one not in named), None)
        if address is None:
            break
        one, content = ask(address, hosts, in_development=in_development)
        asked.append(one)
        if content is not None and (document := _document(content)) is not None:
            known = _knowing(known, needs, {address: document})
    return known, tuple(asked)


def _knowing(known: Known, needs: Needed, answers: Mapping[str, Document | str]) -> Known:
    documents = {one: found for one, found in answers.items() if not isinstance(found, str)}
    source: Source = "fetched"
    issuers = {
        issuer_id: (source, documents[address])
        for issuer_id, address in needs.issuers.items()
        if address in documents
    }
    lists = {one: (source, answers[one]) for one in needs.lists if one in answers}
    hosted = {one: documents[one] for one in needs.hosted if one in documents}
    return replace(
        known,
        issuers={**known.issuers, **issuers},
        lists={**known.lists, **lists},
        hosted={**known.hosted, **hosted},
    )


def _addresses(needs: Needed) -> Iterator[str]:
    yield from dict.fromkeys([*needs.issuers.values(), *needs.lists, *needs.hosted])


def _document(content: bytes) -> Document | str | None:
    """What was answered, if it is a document or a token; whatever else is no answer."""
    try:
        text = content.decode("utf-8-sig").strip()
        if not text.startswith("{"):
            token_document(text)
            return text
        document: Document = strict_json(text)
    except (UnicodeDecodeError, RecordError):
        return None
    return document


def _refusals() -> dict[str, type[RecordError]]:
    found, left = {RecordError.slug: RecordError}, [RecordError]
    while left:
        for one in left.pop().__subclasses__():
            found[one.slug] = one
            left.append(one)
    return found
