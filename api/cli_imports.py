"""Commands that bring files of other systems into the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from api.cli_server import progress_bar
from api.imports.flaws import FileRefusedError
from ledger.values import stream_id

if TYPE_CHECKING:
    from api.edge import Edge

app = typer.Typer(help="Bring in files of other systems.", no_args_is_help=True)
COMMAND_LINE = stream_id("principal", "command-line")  # in whose name this machine imports


@contextmanager
def _importing() -> Iterator[Edge]:
    """The ledger, once it may be written to; every flaw of a file that is refused is printed."""
    from api.cli_reading import open_to_write  # noqa: PLC0415 - it knows in whose name, from here

    with open_to_write() as edge:
        try:
            yield edge
        except FileRefusedError as refused:
            for flaw in refused.flaws:
                typer.echo(str(flaw), err=True)
            raise


@app.command()
def opening(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="As docs/opening.md says.")
    ],
    principal: Annotated[
        UUID, typer.Option(help="Who vouches for them: another than whoever prepared them.")
    ],
) -> None:
    """Bring in what an earlier system recorded: prepared by one, confirmed by another person.

    Exit status: 0 prepared or recorded, 1 refused (every flaw is named, nothing was stored).
    """
    from api.clock import wall  # noqa: PLC0415 - loads slowly, and other commands do without
    from api.imports.opening import import_opening  # noqa: PLC0415

    with _importing() as edge:
        for file in files:
            report = import_opening(edge.ledger, edge.vault, file, caller_id=principal, at=wall())
            state = "recorded" if report.confirmed_by else "prepared, and waits for a second person"
            typer.echo(
                f"{file.name}: {report.rows} rows, {report.amount_cents} cents paid before,"
                f" {report.units_hundredths} hundredths of units: {state}"
            )


@app.command()
def oneroster(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The zip.")],
    zone: Annotated[str, typer.Option(help="The district's time zone, as in America/Chicago.")],
    allow_endings: Annotated[
        int, typer.Option(min=0, help="So many employments may end, beyond five in a hundred.")
    ] = 0,
    district: Annotated[
        UUID | None, typer.Option(help="Into this district; else the file's own.")
    ] = None,
    principal: Annotated[
        UUID, typer.Option(help="Who imports; else the command line's own account.")
    ] = COMMAND_LINE,
) -> None:
    """Import a OneRoster 1.2 roster. The same file again adds nothing; a broken run goes on.

    Exit status: 0 imported, 1 refused (every flaw is named with its row, nothing was stored).
    """
    from api.clock import wall  # noqa: PLC0415 - loads slowly, and other commands do without
    from api.imports.oneroster import import_oneroster  # noqa: PLC0415

    with _importing() as edge, progress_bar() as progress:
        task = progress.add_task("importing", total=None)
        report = import_oneroster(
            edge.ledger,
            edge.vault,
            file,
            caller_id=principal,
            zone=zone,
            at=wall(),
            district_id=district,
            allow_endings=allow_endings,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    counts = report.counts
    typer.echo(
        f"district {report.district_id}:"
        f" {counts.persons_registered} persons registered,"
        f" {counts.employments_started} employments started,"
        f" {counts.employments_changed} changed,"
        f" {counts.employments_ended} ended;"
        f" {counts.rows_unchanged} of {report.rows} rows changed nothing"
    )
    for role, rows in sorted(report.skipped.items()):
        typer.echo(f"skipped: {rows} of role {role}")
    for skipped in report.skipped_rows:
        typer.echo(f"skipped: {skipped.file} row {skipped.row} [{skipped.slug}]")


@app.command()
def record(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="JSON, token, PNG, a bundle, or a PDF."),
    ],
    person: Annotated[UUID, typer.Option(help="Who brought it.")],
    district: Annotated[UUID, typer.Option(help="Which received it, and employs her.")],
    *,
    title: Annotated[str | None, typer.Option(help="Of a PDF: what it shows.")] = None,
    earned_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Of a PDF: when it was earned.")
    ] = None,
    principal: Annotated[
        UUID, typer.Option(help="Who imports; else the command line's own account.")
    ] = COMMAND_LINE,
) -> None:
    """Receive a record from elsewhere: Open Badges 2.0 or 3.0, CLR 2.0. Twice is once.

    A PDF is kept as what she says of herself, whatever it looks like.

    Exit status: 0 kept, with what was found out about each award, 1 refused, nothing was stored.
    """
    from api.cli_external_records import receive  # noqa: PLC0415 - loads slowly
    from api.imports.records import Words  # noqa: PLC0415

    if (title is None) != (earned_on is None):
        raise typer.BadParameter("a PDF comes with both, --title and --earned-on")
    words = Words(title, earned_on.date()) if title and earned_on else None
    with _importing() as edge:
        for line in receive(edge, file, person, district, principal=principal, words=words):
            typer.echo(line)
