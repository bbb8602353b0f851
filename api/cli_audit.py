"""The command `audit`: evidence that an auditor can draw again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(help="What an auditor asks for.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Keep `sample` a command of its own name, though it is the only one."""


@app.command()
def sample(
    *,
    district: Annotated[UUID, typer.Option(help="Whose payroll lines.")],
    fiscal_year: Annotated[int, typer.Option(help="Named by the year it ends in.")],
    size: Annotated[int, typer.Option(min=1, help="How many lines.")],
    seed: Annotated[str, typer.Option(help="Printed in the zip, to draw the same again.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="The zip to write.")],
    position: Annotated[
        int | None, typer.Option(min=1, help="As known at this position of the log; else now.")
    ] = None,
) -> None:
    """Draw lines that were paid, each with everything behind it, into a zip.

    The same seed, size and position give the same bytes. Whose records were shown is written down.
    """
    from api.audit_sample import Draw, draw  # noqa: PLC0415 - loads slowly
    from api.cli_reading import open_edge, write_down  # noqa: PLC0415

    with open_edge() as edge:
        found = draw(edge, Draw(district, fiscal_year, size, seed, position))
        write_down(edge, "payout", found.person_ids, district)
    out.write_bytes(found.content)
    drawn = min(size, found.population)
    typer.echo(f"{drawn} of {found.population} lines as of position {found.position}: {out}")
