"""What of an issuer's catalog is about a framework in one edition, and what nobody has mapped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from projections.sql import blocks, read

VIEWS = ("catalog",)
_SQL = blocks("alignment_coverage")


@dataclass(frozen=True, slots=True)
class Covered:
    """The newest version of a micro-credential, and which statements of the edition it names."""

    credential_id: UUID
    credential_version: int
    title: str
    codes: list[str]  # or names, of statements without a code
    coverage: Literal["mapped", "unmapped"]
    other_editions: list[str]  # of the same framework that it names, from which nothing follows


def of_issuer(
    connection: Connection[Any], issuer_id: UUID, framework: str | None, edition: str | None
) -> list[Covered]:
    """Everything that an issuer offers, by title; without a framework or an edition, by any."""
    asked = {"issuer_id": issuer_id, "framework": framework, "edition": edition}
    return read(connection, Covered, _SQL["of_issuer"], **asked)
