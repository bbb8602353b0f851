"""The command `mcledger`: one function a command, each of them a thin door to the code behind it.

A refusal is one sentence on stderr and exit status 1; wrong usage is exit status 2. What a command
answers goes to stdout, so that it can be piped.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module, metadata
from typing import Annotated, Any

import psycopg
import typer
from psycopg import errors
from rich.console import Console
from typer.core import TyperGroup

from api import local_postgres
from ledger.errors import InvalidError, LedgerError, UnavailableError

# Where each command is: the module whose `app`, or what is named behind the colon, it is or is in,
# and others that add to it.
HOMES: Mapping[str, tuple[str, ...]] = {
    "import": ("cli_imports", "cli_seal"),
    "equivalency": ("cli_equivalency",),
    "policy": ("cli_policies",),
    "audit": ("cli_audit",),
    "payroll": ("cli_payroll",),
    "records": ("cli_records", "cli_carry"),
    "serve": ("cli_server",),
    "project": ("cli_server",),
    "migrate": ("cli_server",),
    "rebuild": ("cli_server",),
    "check": ("cli_server",),
    "tables": ("cli_server",),
    "token": ("cli_server",),
    "grant": ("cli_access",),
    "restore": ("cli_backup",),
    "backup": ("cli_backup",),
    "keys": ("cli_keys",),
    "seal": ("cli_seal",),
    "seal-keys": ("cli_seal",),
    "verify": ("cli_seal",),
    "export": ("cli_exports", "cli_seal", "cli_journal", "cli_carry"),
    "log": ("cli_seal",),
    "changes": ("cli_changes",),
    "transcript": ("cli_changes",),
    "person": ("cli_privacy:people",),
    "evidence": ("cli_privacy:evidence", "cli_upkeep"),
    "retention": ("cli_privacy:retention",),
    "witness-key": ("cli_witness",),
    "witness": ("cli_witness",),
    "witness-fork": ("cli_witness",),
    "parked": ("cli_upkeep",),
    "unpark": ("cli_upkeep",),
    "disclosures": ("cli_upkeep:disclosures",),
}

# The first migration of a server makes them; before that nobody can act as one.
OUR_ROLE_MISSING = re.compile(r'role "ledger_(append|audit|project|read|vault)" does not exist')


class DatabaseDamagedError(LedgerError):
    """The database cannot read what it has stored; its own log says more."""

    slug = "database-damaged"
    status = 500


class _Commands(MutableMapping[str, Any]):
    """Commands by name. Those of HOMES are loaded when asked for: all take more than a second."""

    def __init__(self, made: Mapping[str, Any]) -> None:
        self._made = dict(made)

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _load(name)
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in self._made if name not in HOMES)
        yield from HOMES

    def __len__(self) -> int:
        return len(self._made.keys() | HOMES.keys())


class _Lazy(TyperGroup):
    """The top of the command line: knows the names of all commands, and loads the one it runs."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**said)
        self.commands = _Commands(self.commands)

    def list_commands(self, _context: Any) -> list[str]:
        return list(self.commands)


def _load(name: str) -> Any:
    """A command or a group of them. Raises KeyError where there is none of this name."""
    module, *others = HOMES[name]
    for other in others:
        import_module(f"api.{other}")
    group = typer.main.get_group(_typer(module))
    command = group.commands.get(name, group)
    command.name = name  # a group does not know it, and help lists commands by it
    return command


def _typer(home: str) -> typer.Typer:
    module, _, attribute = home.partition(":")
    found: typer.Typer = getattr(import_module(f"api.{module}"), attribute or "app")
    return found


app = typer.Typer(
    name="mcledger",
    cls=_Lazy,
    help="A ledger of teachers' micro-credentials, and everything that follows from it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
db = typer.Typer(help="The PostgreSQL of this machine, for development.", no_args_is_help=True)
app.add_typer(db, name="db")


def main() -> None:
    """Run the command line; a refusal is a sentence, whatever else goes wrong a traceback."""
    try:
        app()
    except Exception as error:
        said = _refusal(error)
        if said is None:
            raise
        sys.exit(f"mcledger: {said.detail} [{said.slug}]")


def _refusal(error: Exception) -> LedgerError | None:
    """What to say of a failure that whoever types a command can mend; null for any other."""
    match error:
        case LedgerError():
            return error
        case psycopg.Error() if _is_of_what_migrating_makes(error):
            return UnavailableError("the tables are not all there; run: mcledger migrate")
        case psycopg.OperationalError() | psycopg.InternalError():
            # The latter of a page or an index that its disk has damaged, as a rule.
            damaged = isinstance(error, psycopg.InternalError)
            kind = DatabaseDamagedError if damaged else UnavailableError
            return kind(f"the database: {' '.join(str(error).split())}")
        case OSError() if error.filename is not None:
            return InvalidError(f"{error.filename}: {error.strerror}")
        case UnicodeEncodeError():
            return InvalidError("something that was typed is no text")
    return None


def _is_of_what_migrating_makes(error: psycopg.Error) -> bool:
    missing = (errors.InvalidSchemaName, errors.UndefinedTable, errors.UndefinedFunction)
    return isinstance(error, missing) or bool(OUR_ROLE_MISSING.search(str(error)))


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
