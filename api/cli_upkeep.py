"""Commands of upkeep: parked, unpark, evidence sweep, disclosures forget; and what check adds."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from typing import Annotated

import orjson
import typer

from api import cli_privacy, local_postgres
from api.cli_reading import open_edge
from api.cli_server import progress_bar
from ledger.store import Role
from projections import parking, setup
from projections.database import Database
from projections.parking import Parked
from projections.rebuild import chosen
from projections.rebuild import unpark as unpark_all
from projections.registry import PROJECTIONS

app = typer.Typer()
disclosures = typer.Typer(help="Who was shown whose record.", no_args_is_help=True)
DAYS_A_YEAR = 366  # never too few


@app.command()
def parked(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List the events that a view could not take in, with scope and reason, and what waits behind.

    Exit status: 0 nothing is parked, 1 something is: what lies in its scope cannot be paid.
    """
    found = _parked()
    if as_json:
        typer.echo(orjson.dumps(found).decode())
    else:
        for one in found:
            typer.echo(sentence(one))
    raise typer.Exit(1 if found else 0)


@app.command()
def unpark(
    names: Annotated[
        list[str] | None, typer.Argument(help="Of these views; of all where none is named.")
    ] = None,
    position: Annotated[
        int | None, typer.Option(min=1, help="Of the views that this event is parked in.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share it.")] = 2,
) -> None:
    """Give what is parked another chance, once its cause is mended: those views are rebuilt.

    Exit status: 0 nothing of it is parked any more, 1 something still is.
    """
    wanted = chosen(names or [], PROJECTIONS)
    if position is not None:
        at = {one.name for one in _parked() if one.position == position}
        wanted = [one for one in wanted if one.name in at]
    with progress_bar() as progress:
        task = progress.add_task("rebuilding", total=None)
        rebuilt = unpark_all(
            Database(local_postgres.url()),
            wanted,
            workers=workers,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    typer.echo(f"rebuilt {', '.join(rebuilt)}" if rebuilt else "nothing of that is parked")
    left = [one for one in _parked() if one.name in rebuilt]
    for one in left:
        typer.echo(sentence(one))
    raise typer.Exit(1 if left else 0)


@cli_privacy.evidence.command("sweep")
def sweep() -> None:
    """Delete what uploads left behind that broke off more than a day ago. Nothing with an event.

    What was begun of payroll files and broke off goes as well.
    """
    from api.clock import wall  # noqa: PLC0415 - loads slowly, and other commands do without
    from api.upkeep import KEPT, inventory  # noqa: PLC0415

    with open_edge() as edge:
        swept = [one for kept in KEPT for one in inventory(edge, kept).sweep(wall())]
    for one in swept:
        typer.echo(f"{one.kind} {one.name}: {one.detail}")
    typer.echo(f"{len(swept)} swept")


@disclosures.command("forget")
def forget(
    years: Annotated[int, typer.Option(min=3, max=100, help="Of how many years to keep them.")],
) -> None:
    """Delete the lines that say who was shown whose record, older than so many years."""
    from datetime import timedelta  # noqa: PLC0415 - as the others

    from api import disclosure_commitments  # noqa: PLC0415
    from api.clock import wall  # noqa: PLC0415

    with open_edge() as edge:
        before = wall() - timedelta(days=DAYS_A_YEAR * years)
        forgotten = disclosure_commitments.forget(edge, wall, before)
    typer.echo(f"{forgotten} forgotten")


def check_files(names: Collection[str], *, digests: bool) -> bool:
    """Say what is amiss with stored files, and whether nothing is lost or changed."""
    from api.clock import wall  # noqa: PLC0415 - loads slowly, and other commands do without
    from api.upkeep import KEPT, inventory  # noqa: PLC0415

    wanted = [one for one in KEPT if one.shelf.name in names]
    with open_edge() as edge, progress_bar() as progress:
        task = progress.add_task("checking files", total=None)
        found = {
            kept.name: list(
                inventory(edge, kept, lambda: progress.advance(task)).check(wall(), digests=digests)
            )
            for kept in wanted
        }
    for name, amiss in found.items():
        damaged = any(one.is_damage for one in amiss)
        typer.echo(f"{name}: {'DAMAGED' if damaged else 'as the log has it'}")
        for one in amiss:
            typer.echo(f"  {one.kind} {one.name}: {one.detail}")
    return not any(one.is_damage for amiss in found.values() for one in amiss)


def check_vault() -> bool:
    """Say which rows of the vault are not as the log has them, and whether all are."""
    from api.upkeep import vault_inventory  # noqa: PLC0415 - loads slowly

    with open_edge() as edge:
        found = vault_inventory(edge).check()
    typer.echo(f"vault: {'DAMAGED' if found else 'as the log has it'}")
    for one in found:
        typer.echo(f"  {one.kind} {one.name}: {one.detail}")
    return not found


def check_disclosures() -> bool:
    """Say which lines of who was shown whose record are not as the log has them; whether all are.

    Those that no event covers yet are counted and not judged.
    """
    from api import disclosure_commitments  # noqa: PLC0415 - loads slowly
    from api.clock import wall  # noqa: PLC0415

    with open_edge() as edge:
        found = disclosure_commitments.check(edge, wall())
    waiting = f" ({found.waiting} lines that it does not know yet)" if found.waiting else ""
    verdict = "NOT AS THE LOG HAS IT" if found.amiss else "as the log has it"
    typer.echo(f"disclosures: {verdict}{waiting}")
    for one in found.amiss:
        typer.echo(f"  {one.kind} after {one.after_line} up to {one.last_line}: {one.detail}")
    return not found.amiss


def check_closed() -> bool:
    """Say where closed batches differ from what is owed, and whether they do nowhere.

    What is listed is proposed to people (`/correction-proposals`): nothing is paid or taken back
    before somebody adopts it, and until then it is worth a look every night.
    """
    from api.corrections import all_proposals  # noqa: PLC0415 - loads slowly
    from api.exports.records import dollars  # noqa: PLC0415

    with open_edge() as edge:
        found = [(district_id, one) for district_id, of in all_proposals(edge) for one in of]
    typer.echo(f"closed batches: {'DIFFERENT' if found else 'as is owed'}")
    for district_id, one in found:
        closed, owed = dollars(one.closed_cents), dollars(one.owed_cents)
        typer.echo(
            f"  district {district_id} entitlement {one.entitlement_id}:"
            f" {closed} closed, {owed} owed; a {one.kind} is proposed"
        )
    return not found


def check_batches() -> bool:
    """Derive every closed batch again, by the rules of its own position, and compare its lines."""
    from ledger.store import EVERYTHING  # noqa: PLC0415 - loads slowly
    from projections import batches  # noqa: PLC0415
    from projections.closed_batches import differences  # noqa: PLC0415

    with open_edge() as edge:
        with edge.reading([EVERYTHING]) as connection:
            districts = batches.districts(connection)
        found = []
        for district_id in districts:
            with edge.reading([EVERYTHING]) as connection:
                found += differences(connection, district_id)
    typer.echo(f"batches derived again: {'DIFFERENT' if found else 'as they were closed'}")
    for one in found:
        typer.echo(f"  district {one.district_id} batch {one.number} {one.line}, {one.field}:")
        typer.echo(f"    closed:  {one.closed}")
        typer.echo(f"    derived: {one.derived}")
    return not found


def check_outbox() -> bool:
    """Say which messages of webhooks follow from nothing in their view, and whether none does."""
    from api import webhooks  # noqa: PLC0415 - loads slowly

    with open_edge() as edge:
        found = webhooks.parked(edge)
    for name, position in found:
        typer.echo(f"parked in the outbox: message {name} of {position}, {webhooks.PARKED}")
    return not found


def check_walls() -> bool:
    """Say which derived tables are shown to others than they declare, and whether none is."""
    database = Database(local_postgres.url())
    with closing(database.connect()) as connection:
        found = setup.wall_gaps(connection, database, asking=Role.PROJECT)
    typer.echo(f"row security: {'DIFFERENT' if found else 'as the views declare'}")
    for one in found:
        typer.echo(f"  {one}")
    return not found


def check_parked() -> bool:
    """Say what is parked, and whether nothing is."""
    found = _parked()
    for one in found:
        typer.echo(sentence(one))
    return not found


def sentence(one: Parked) -> str:
    """One parked event as people read it."""
    scope = one.scope_kind + (f" {one.scope_id}" if one.scope_id else "")
    why = one.error or "waits behind one that is parked"
    return f"parked in {one.name}: {one.topic} at {one.position}, scope {scope}: {why}"


def _parked() -> list[Parked]:
    with closing(Database(local_postgres.url()).connect()) as connection:
        return parking.parked(connection)
