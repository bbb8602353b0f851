"""Commands that run the ledger: serve, project, migrate, rebuild, check, tables, token.

Each loads what it needs when it runs, for whoever asks for help or a token should not wait for
the whole ledger; nor should the processes of a rebuild, which load this command line again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import orjson
import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api import local_postgres, logs
from api.settings import Settings, read_settings
from api.stopping import set_when_stopped

if TYPE_CHECKING:
    from projections.database import Database

app = typer.Typer()
FILES = ("evidence", "payroll")
BESIDE_VIEWS = (*FILES, "vault", "disclosures")  # what check is asked for as well
Names = Annotated[list[str] | None, typer.Argument(help="Projections; all where none is named.")]


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
    *,
    with_projector: Annotated[
        bool,
        typer.Option("--with-projector", help="Keep up the views and the records too."),
    ] = False,
) -> None:
    """Answer HTTP until stopped. A view is as fresh as its projector: see `mcledger project`."""
    import uvicorn  # noqa: PLC0415

    from api.app import create_app  # noqa: PLC0415

    settings = _settings_for(workers)
    logs.configure(in_development=settings.in_development)
    with _projecting(settings) if with_projector else nullcontext():
        uvicorn.run(
            # Several processes make an app each; it is found by the name it has in this wheel.
            create_app(settings) if workers == 1 else "api.app:app_of_this_process",
            factory=workers > 1,
            workers=workers,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )


def _settings_for(workers: int) -> Settings:
    """The settings of so many processes. Raises ConnectionsShortError when the server is short."""
    from api.edge import budget, database_url  # noqa: PLC0415

    settings = serving_settings()
    if workers > settings.api_processes:
        os.environ["MCLEDGER_API_PROCESSES"] = str(workers)  # for the workers to read
        settings = read_settings()
    with psycopg.connect(database_url(settings), autocommit=True) as connection:
        budget(settings, connection).check()
    return settings


@app.command()
def project() -> None:
    """Keep the views up to the log until stopped; a second one stands by and takes over."""
    from projections import lanes  # noqa: PLC0415

    logs.configure(in_development=True)  # there is nothing personal in the log to be told
    stop = set_when_stopped(Event())
    lanes.run(_database(), stop)


@app.command()
def migrate() -> None:
    """Make or update the tables of the ledger and of its views. Any number may run at once."""
    from ledger import store  # noqa: PLC0415
    from projections import setup  # noqa: PLC0415

    url = local_postgres.url()
    store.migrate(url)
    setup.migrate(url)
    typer.echo(f"migrated to {store.head_level()}")


@app.command()
def rebuild(
    names: Names = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share it.")] = 2,
) -> None:
    """Make the tables of views anew from the log, beside those in use, and swap them in."""
    from projections.rebuild import chosen  # noqa: PLC0415
    from projections.rebuild import rebuild as rebuild_tables  # noqa: PLC0415
    from projections.registry import PROJECTIONS  # noqa: PLC0415

    wanted = chosen(names or [], PROJECTIONS)
    with progress_bar() as progress:
        task = progress.add_task("rebuilding", total=None)
        position = rebuild_tables(
            _database(),
            wanted,
            workers=workers,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    typer.echo(f"rebuilt {', '.join(p.name for p in wanted)} up to position {position}")


@app.command()
def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Views, evidence, payroll (its files), vault or disclosures; else all of these."
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share it.")] = 2,
    *,
    sizes: Annotated[
        bool, typer.Option("--sizes", help="Of stored files look at the sizes alone.")
    ] = False,
) -> None:
    """Compare views, files, the vault and other tables with the log, and name what is parked.

    Views are rebuilt beside those in use; tables, indexes and rows have to be the same. Of every
    file that the log knows, evidence or payroll's, the digest has to be the same; what broke off is
    listed. Every text, document and number of the vault that an event names has to be there as it
    was, and every key has to open. Lines that say who was shown whose record have to be as they
    were committed to the log. Row security of the views has to be what they declare: `mcledger
    migrate` makes it so again. Every closed batch is derived again at its own position, and each of
    its lines has to come out the same. Where what is owed has moved away from it since, a
    correction is proposed and listed here.

    Exit status: 0 as the log has it, 1 different (of each view and each batch the first row that
    differs is named, and every file, wall and row of the vault), or an event is parked, 2 usage.
    """
    from api import cli_upkeep  # noqa: PLC0415

    views = [name for name in names or [] if name not in BESIDE_VIEWS]
    files = [name for name in FILES if not names or name in names]
    sound = True
    if views or not names:
        sound = cli_upkeep.check_walls() & _check_views(views, workers)
    if files:
        sound &= cli_upkeep.check_files(files, digests=not sizes)
    if not names or "vault" in names:
        sound &= cli_upkeep.check_vault()
    if not names or "disclosures" in names:
        sound &= cli_upkeep.check_disclosures()
    if not names or "payroll" in names:
        sound &= cli_upkeep.check_batches() & cli_upkeep.check_closed()
    sound &= cli_upkeep.check_outbox() & cli_upkeep.check_parked()
    if not sound:
        raise typer.Exit(1)


def _check_views(names: list[str], workers: int) -> bool:
    from projections.check import check as check_tables  # noqa: PLC0415
    from projections.rebuild import chosen  # noqa: PLC0415
    from projections.registry import PROJECTIONS  # noqa: PLC0415

    with progress_bar() as progress:
        task = progress.add_task("checking", total=None)
        found = check_tables(
            _database(),
            chosen(names, PROJECTIONS),
            workers=workers,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    for one in found:
        typer.echo(f"{one.name}: {'equal' if one.equal else 'DIFFERENT'} at {one.position}")
        if one.difference is not None:
            typer.echo(f"  {one.difference.table}, live:    {one.difference.live}")
            typer.echo(f"  {one.difference.table}, rebuilt: {one.difference.rebuilt}")
    equal = all(one.equal for one in found)
    if not equal:
        typer.echo("`mcledger verify` tells whether the log behind them is as it was sealed")
    return equal


@app.command()
def tables(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List every table by what would be lost with it: evidence, derived, vault or cache."""
    from projections import setup  # noqa: PLC0415

    database = _database()
    with database.connect() as connection:
        found = setup.tables(connection, database)
    if as_json:
        listed = [{"name": table.name, "class": table.kind} for table in found]
        typer.echo(orjson.dumps(listed).decode())
    else:
        for table in found:
            typer.echo(f"{table.kind:<10}{table.name}")


@app.command()
def token(
    principal: Annotated[UUID, typer.Argument(help="Who calls: a person or a machine account.")],
    hours: Annotated[int, typer.Option(min=1, max=24 * 30, help="For how long.")] = 12,
) -> None:
    """Print an access token for trying things out; production takes none of these."""
    from api.auth import mint_development_token  # noqa: PLC0415

    typer.echo(mint_development_token(read_settings(), principal, hours * 3600))


def serving_settings() -> Settings:
    """The settings of this process; development starts its own database where none is named."""
    settings = read_settings()
    if settings.database_url is None and settings.in_development:
        os.environ["DATABASE_URL"] = local_postgres.start()
        settings = read_settings()
    return settings


def _database() -> Database:
    from projections.database import Database  # noqa: PLC0415

    return Database(local_postgres.url())


@contextmanager
def _projecting(settings: Settings) -> Iterator[None]:
    """What runs beside the API, in threads of this process; records are issued under a host."""
    from api import issuing, rechecking  # noqa: PLC0415
    from api.rounds import in_background  # noqa: PLC0415
    from projections.runner import Runner  # noqa: PLC0415

    stop = Event()
    thread = Thread(target=Runner(_database()).run, args=(stop,), name="projector")
    thread.start()
    try:
        asks = in_background(settings, rechecking.follow, "rechecks")
        issues = in_background(settings, issuing.follow, "records")
        with asks, issues if settings.public_host else nullcontext():
            yield
    finally:
        stop.set()
        thread.join()


def progress_bar() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))  # answers alone go to stdout
