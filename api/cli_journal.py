"""The command `export journal`: a district's money for a plain-text accounting tool."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer

from api import cli_exports


@cli_exports.app.command("journal")
def export_journal(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to; replaced if there.")],
    *,
    district: Annotated[UUID, typer.Option(help="Whose money.")],
    layout: Annotated[
        Literal["beancount", "hledger"], typer.Option("--format", help="For which tool.")
    ] = "beancount",
    as_of: Annotated[
        str | None, typer.Option(help="A position, or a day: all recorded by its end; else now.")
    ] = None,
) -> None:
    """Write what was accrued, reserved, paid and taken back as a journal that balances.

    It names entitlements and lines by their ids, and nobody. Whoever can look those up knows what
    each teacher was paid, so whose they are is written down.
    """
    from api.cli_reading import open_edge, write_down  # noqa: PLC0415 - loads slowly
    from api.journal import journal  # noqa: PLC0415

    with open_edge() as edge:
        text, person_ids = journal(edge, district, layout, as_of)
        write_down(edge, "payouts", person_ids, district)
    file.write_text(text, "utf-8")
    typer.echo(f"{text.count(' * ')} entries: {file}")
