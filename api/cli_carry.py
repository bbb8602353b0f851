"""Records that are carried away, and records that somebody brings: written and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from api import cli_exports, cli_records
from api.cli_reading import open_edge, write_down
from ledger.seal.keys import written_whole

UNPROVED, REFUSED = 1, 3  # as `mcledger verify` says of receipts
ASK = typer.Option("--ask", help="A host that may be asked for keys and status; else nobody is.")

WITH = typer.Option(
    "--with",
    exists=True,
    help="A DID document or status list that is at hand, or a folder of them.",
)


@cli_exports.app.command("record")
def export_record(
    person: Annotated[UUID | None, typer.Argument(help="Whose record.")] = None,
    *,
    out: Annotated[Path, typer.Option(dir_okay=False, help="Where to write the zip file.")],
    chosen: Annotated[
        bool, typer.Option("--any", help="Of somebody who has awards, to look at one.")
    ] = False,
) -> None:
    """Write all that a person carries away, in one file that is checked without this ledger.

    The awards and the transcript as signed files, a PDF, a table, the keys and status lists to
    check them with, and a proof for every event behind an award.
    """
    from api.carry.bundle import bundle  # noqa: PLC0415 - loads slowly
    from api.carry.contents import VIEWS, gather  # noqa: PLC0415
    from api.clock import wall  # noqa: PLC0415
    from api.status_lists import StatusLists  # noqa: PLC0415
    from ledger.errors import NotFoundError  # noqa: PLC0415
    from ledger.store import EVERYTHING  # noqa: PLC0415
    from projections import employments, records  # noqa: PLC0415

    if chosen == (person is not None):
        raise typer.BadParameter("name one person, or --any")
    with open_edge() as edge:
        edge.visible(VIEWS, edge.ledger.recorder.last_position())
        with edge.reading([EVERYTHING]) as connection:
            person_id = person or records.somebody(connection)
            if person_id is None:
                raise NotFoundError("nobody has an award with a record yet; run: records issue")
            held = employments.of_person(connection, person_id)
        contents = gather(edge, person_id, wall(), StatusLists())
        for district_id in sorted({one.district_id for one in held}):
            write_down(edge, "record", [person_id], district_id)
        with written_whole(out, replace=True) as unfinished:
            unfinished.write_bytes(bundle(contents))
    unsealed = sum(one["proof"] is None for award in contents.awards for one in award.receipts)
    typer.echo(f"{len(contents.awards)} awards as of position {contents.position}: {out}")
    if unsealed:
        typer.echo(f"{unsealed} events are not proved yet; run: mcledger seal", err=True)


@cli_records.app.command("check")
def check_record(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A record or bundle.")],
    ask: Annotated[list[str] | None, ASK] = None,
    along: Annotated[list[Path] | None, WITH] = None,
) -> None:
    """Check a record: an award or transcript as JSON, token or PNG, or a whole bundle.

    Needs no database. Nobody is asked for anything unless named.

    Exit status: 0 every award in it is signed and in force, 1 something could not be checked or is
    no longer in force, 3 the record is not what anybody signed.
    """
    from api.clock import wall  # noqa: PLC0415 - loads slowly
    from api.imports.records_checking import find_out  # noqa: PLC0415
    from ledger.records.documents import RecordError  # noqa: PLC0415

    files = [one.read_bytes() for path in along or [] for one in _documents(path)]
    try:
        content, hosts = file.read_bytes(), ask or []
        found = find_out(content, wall(), hosts, in_development=False, files=files).checked
    except RecordError as error:
        typer.echo(f"REFUSED: {error.detail} [{error.slug}]", err=True)
        raise typer.Exit(REFUSED) from None
    typer.echo(f"{found.kind}: {found.standing}" + (f" ({found.reason})" if found.reason else ""))
    for item in found.items:
        why = "".join(f" ({reason})" for reason in (item.reason, item.status_reason) if reason)
        typer.echo(f"{item.standing}, {item.status}: {item.title}, by {item.issuer_name}{why}")
    good = found.standing == "verified" and all(
        one.standing == "verified" and one.status in {"active", "unlisted"} for one in found.items
    )
    raise typer.Exit(0 if good else UNPROVED)


def _documents(path: Path) -> list[Path]:
    """A file, or the documents in a folder."""
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.iterdir() if one.suffix in {".json", ".jwt"})
