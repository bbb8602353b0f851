"""The command `grant`: who may do what, from this machine."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from api.cli_server import serving_settings
from ledger.events.access import Role

app = typer.Typer()


@app.command()
def grant(
    principal: Annotated[UUID, typer.Argument(help="Who is to act.")],
    role: Annotated[Role, typer.Argument(help="As what.")],
    scope: Annotated[UUID | None, typer.Option(help="For which issuer or district.")] = None,
) -> None:
    """Grant a role from this machine: how the first operator comes to be one."""
    from api.grants import grant_from_here  # noqa: PLC0415 - loads slowly, seldom needed

    position = grant_from_here(serving_settings(), principal, role, scope)
    typer.echo(f"{principal} is {role} since position {position}")
