"""Commands on the keys of the vault: list, rotate-root, rotate-tenant, drop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import orjson
import typer

from api.cli_imports import COMMAND_LINE
from api.cli_reading import open_edge, open_to_write
from ledger.commands.vault_keys import KeyWork, Rotated
from ledger.rotation import KeptKey, Rotation

if TYPE_CHECKING:
    from api.edge import Edge

app = typer.Typer(help="The keys that wrap those of persons.", no_args_is_help=True)
Principal = Annotated[
    UUID, typer.Option("--principal", help="Who acts; else the command line's own account.")
]


@app.command("list")
def list_keys(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """List root and tenant keys by their ids, and how many keys each of them wraps."""
    with open_edge() as edge:
        rotation = _rotation(edge)
        root, tenant = rotation.root_keys(), rotation.tenant_keys()
    if as_json:
        typer.echo(orjson.dumps({"root": root, "tenant": tenant}).decode())
        return
    for level, keys in (("root", root), ("tenant", tenant)):
        for key in keys:
            typer.echo(f"{level:<8}{_sentence(key)}")


@app.command("rotate-root")
def rotate_root(principal: Principal = COMMAND_LINE) -> None:
    """Make a root key and let it wrap the ledger's own keys; goes on with a try that broke off.

    Everybody reads and writes on. The old key stays until it is dropped.
    """
    with _work(principal) as work:
        _tell("root", work.rotate_root())


@app.command("rotate-tenant")
def rotate_tenant(principal: Principal = COMMAND_LINE) -> None:
    """Make a tenant key and let it wrap every person's; goes on with a try that broke off.

    Everybody reads and writes on, and nothing that anybody wrote is encrypted again. The secret
    behind the numbers of source systems is not exchanged: the log rests on it.
    """
    with _work(principal) as work:
        _tell("tenant", work.rotate_tenant())


@app.command()
def drop(
    key: Annotated[str, typer.Argument(help="The id of a key that wraps nothing.")],
    principal: Principal = COMMAND_LINE,
) -> None:
    """Destroy a key that wraps nothing any more. Backups that it wraps can never be opened again.

    Exit status: 0 destroyed, 1 it still wraps something, or there is no such key.
    """
    with _work(principal) as work:
        level = work.drop(key)
    typer.echo(f"{level} key {key} is destroyed")


@contextmanager
def _work(principal: UUID) -> Iterator[KeyWork]:
    from api.clock import wall  # noqa: PLC0415 - loads slowly, and other commands do without

    with open_to_write() as edge:
        yield KeyWork(edge.ledger, edge.vault, _rotation(edge), principal, wall())


def _rotation(edge: Edge) -> Rotation:
    from ledger.keys import FileKeyProvider  # noqa: PLC0415 - as above

    return Rotation(edge.secrets, edge.vault.keyring, FileKeyProvider(edge.settings.root_keys))


def _tell(level: str, rotated: Rotated) -> None:
    how = "rotation finished that had broken off" if rotated.resumed else "rotated"
    typer.echo(f"{how}: {level} key {rotated.key_id} wraps {rotated.keys_wrapped} keys")


def _sentence(key: KeptKey) -> str:
    said = [key.key_id, f"wraps {key.wraps}"]
    said += ["newest"] if key.newest else []
    said += [f"since {key.created_at:%Y-%m-%d}"] if key.created_at else []
    said += [f"wrapped by root key {key.root_key_id}"] if key.root_key_id else []
    return ", ".join(said)
