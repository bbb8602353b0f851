"""The command `mcledger`: one function a command, each of them a thin door to the code behind it.

A refusal is one sentence on stderr and exit status 1; wrong usage is exit status 2. What a command
answers goes to stdout, so that it can be piped.
"""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Annotated

import typer
from rich.console import Console

from api import (
    cli_audit,
    cli_backup,
    cli_carry,
    cli_changes,
    cli_equivalency,
    cli_exports,
    cli_imports,
    cli_journal,
    cli_keys,
    cli_payroll,
    cli_policies,
    cli_privacy,
    cli_records,
    cli_seal,
    cli_server,
    cli_upkeep,
    cli_witness,
    local_postgres,
)
from ledger.errors import LedgerError

app = typer.Typer(
    name="mcledger",
    help="A ledger of teachers' micro-credentials, and everything that follows from it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
db = typer.Typer(help="The PostgreSQL of this machine, for development.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(cli_imports.app, name="import")
app.add_typer(cli_equivalency.app, name="equivalency")
app.add_typer(cli_policies.app, name="policy")
app.add_typer(cli_audit.app, name="audit")
app.add_typer(cli_payroll.app, name="payroll")
cli_records.app.command("check")(cli_carry.check_record)
app.add_typer(cli_records.app, name="records")
app.add_typer(cli_server.app)
app.add_typer(cli_backup.app)
app.add_typer(cli_keys.app, name="keys")
cli_seal.exports.command("journal")(cli_journal.export_journal)
cli_seal.exports.command("edfi")(cli_exports.export_edfi)
cli_seal.exports.command("ctdl")(cli_exports.export_ctdl)
cli_seal.exports.command("record")(cli_carry.export_record)
app.add_typer(cli_seal.app)
app.add_typer(cli_changes.app)
app.add_typer(cli_privacy.people, name="person")
app.add_typer(cli_privacy.evidence, name="evidence")
app.add_typer(cli_privacy.retention, name="retention")
app.add_typer(cli_witness.app)
app.add_typer(cli_upkeep.app)
app.add_typer(cli_upkeep.disclosures, name="disclosures")


def main() -> None:
    """Run the command line; a refusal is a sentence, whatever else goes wrong a traceback."""
    try:
        app()
    except LedgerError as error:
        sys.exit(f"mcledger: {error.detail} [{error.slug}]")


def _print_version(wanted: bool) -> None:  # noqa: FBT001  # typer passes it by position
    if wanted:
        typer.echo(metadata.version("microcredential-ledger"))
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print and exit."),
    ] = False,
) -> None:
    """Hold what is said before a command; the version has been printed by now."""


@app.command()
def demo(
    *,
    serve: Annotated[
        bool, typer.Option(help="Keep running, and print tokens to call with.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 0,
) -> None:
    """Play a school year on a ledger of its own, over HTTP, and print what came of it.

    Exit status: 0 the live tables equal those rebuilt from the log, 1 they differ.
    """
    from api.demo.run import run  # noqa: PLC0415 - its HTTP client is installed with `local` only

    if not run(Console(), serve=serve, port=port):
        raise typer.Exit(1)


@db.command("start")
def db_start() -> None:
    """Start the local PostgreSQL, unless it runs or DATABASE_URL is set, and print its address."""
    typer.echo(local_postgres.start())


@db.command("stop")
def db_stop() -> None:
    """Stop the local PostgreSQL; its data stays. A server that DATABASE_URL names is left alone."""
    local_postgres.stop()


@db.command("url")
def db_url() -> None:
    """Print the address of the running PostgreSQL, connecting as its owner."""
    typer.echo(local_postgres.url())
