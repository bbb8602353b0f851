"""How often a share was looked at, counted from the lines that each view left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.edge import Edge
from ledger.sql import blocks, fetch

_SQL = blocks("api", "share_views.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """How often, and when last. Lines are kept for three years at least."""

    views: int = 0
    last_viewed_at: datetime | None = None
    late_views: int = 0  # somebody came when it had expired, and was shown nothing


def views_of(edge: Edge, person_ids: Collection[UUID]) -> Mapping[UUID, Views]:
    """The views of a person's shares, under all of her ids; of some there are none."""
    with edge.disclosing.connection() as connection:
        found = fetch(connection, _SQL["views"], person_ids=list(person_ids))
    return {
        share_id: Views(views=views, last_viewed_at=last_viewed_at, late_views=late_views)
        for share_id, views, last_viewed_at, late_views in found
    }
