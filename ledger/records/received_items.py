"""What is known of a record that came from elsewhere, and what was found out about each award."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from ledger.records.documents import Document, RecordError

CLOCKS_APART: Final = timedelta(minutes=5)  # a list signed while we ask is newer than our question
Kind = Literal["open_badge_3", "learner_record_2", "open_badge_2"]
Standing = Literal["verified", "unverified"]
Source = Literal["fetched", "came_along", "self"]
Status = Literal["active", "revoked", "expired", "unlisted", "unknown"]


class RecordNotYetValidError(RecordError):
    """The record says that it is valid from a later day on."""

    slug = "record-not-yet-valid"


class StatusRefusedError(RecordError):
    """The status list is not what the issuer signed, or not the one that the record names."""

    slug = "status-list-refused"


@dataclass(frozen=True, slots=True)
class Known:
    """What others said of the record: documents of issuers by their ids, lists by addresses."""

    issuers: Mapping[str, tuple[Source, Document]] = field(default_factory=dict)
    lists: Mapping[str, tuple[Source, Document | str]] = field(default_factory=dict)
    # Of Open Badges 2.0: what addresses answered, and what came with a signed badge.
    hosted: Mapping[str, Document] = field(default_factory=dict)
    beside: Mapping[str, Document] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Needed:
    """What has to be asked for, where it is not known yet."""

    issuers: Mapping[str, str]  # by the issuer's id, where its document is
    lists: tuple[str, ...]
    hosted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One award inside what came, and what could be found out about it."""

    record_id: str
    issuer_id: str
    issuer_name: str | None
    title: str
    awarded_at: datetime
    valid_until: datetime | None
    standing: Standing
    reason: str | None  # why nobody could check it
    method: str | None  # the key that signed it, named by what it is
    source: Source | None  # from where the key is known
    status: Status
    status_reason: str | None  # why its status is not known, or only as of the bundle


@dataclass(frozen=True, slots=True)
class Checked:
    """A record that was not refused."""

    kind: Kind
    standing: Standing  # of the transcript around the awards, or of the one award
    reason: str | None
    items: tuple[Item, ...]
