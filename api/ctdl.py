"""What issuers offer, for registries of credentials: from the catalog to its descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal
from uuid import UUID

from psycopg import Connection

from api.exports.ctdl import Offered
from api.record_addresses import Addresses
from ledger.events.credential import Definition
from projections import catalog
from projections.catalog_rows import FoundCredential, Search
from projections.sql import NO_ID

VIEWS = ("catalog",)
_OFFERED: Final[tuple[Literal["published", "retired"], ...]] = (
    "published",
    "retired",  # nobody but its issuer sees a draft
)
_PAGE = 200


def offers(
    connection: Connection[Any], addresses: Addresses, issuer_id: UUID | None = None
) -> Iterator[Offered]:
    """Everything that was ever published, of one issuer or of all, by title."""
    for status in _OFFERED:
        after = ("", NO_ID)
        while True:
            search = Search(status=status, issuer_id=issuer_id)
            found = catalog.search(connection, search, after=after, limit=_PAGE)
            for one in found:
                yield _offered(connection, addresses, one)
            if len(found) < _PAGE:
                break
            after = (found[-1].title, found[-1].credential_id)


def find_offer(
    connection: Connection[Any], addresses: Addresses, issuer_id: UUID, credential_id: UUID
) -> Offered | None:
    """One micro-credential of an issuer; a draft is not there."""
    found = catalog.find_credential(connection, credential_id)
    if found is None or found.issuer_id != issuer_id or found.status not in _OFFERED:
        return None
    return _offered(connection, addresses, found)


def _offered(connection: Connection[Any], addresses: Addresses, one: FoundCredential) -> Offered:
    version = catalog.find_version(connection, one.credential_id, one.credential_version)
    assert version is not None, "what is published has a version"
    listed = f"{addresses.base}/issuers/{one.issuer_id}/ctdl"
    return Offered(
        credential_id=one.credential_id,
        url=f"{listed}/{one.credential_id}",
        webpage=addresses.achievement(one.issuer_id, one.credential_id, version.credential_version),
        issuer_url=listed,
        issuer_name=one.issuer_name,
        version=version.credential_version,
        definition=Definition.model_validate(version.definition),
        published_at=version.published_at,
        retired=one.status == "retired",
    )
