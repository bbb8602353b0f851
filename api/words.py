"""Words by or about a person, out of the vault, under whichever of her ids they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from api.edge import Edge


def words_about(edge: Edge, person_id: UUID, text_ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
    """The words under these ids; some may be gone, and what is null was never said."""
    asked = {one for one in text_ids if one is not None}
    found: dict[UUID, str] = {}
    for about in edge.watch.ids_of(person_id):
        if asked.issubset(found):
            break
        found |= edge.vault.get_texts(asked.difference(found), about=about)
    return found
