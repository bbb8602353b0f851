"""Payroll from the command line, for a machine that is trusted as the office is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args
from uuid import UUID, uuid4

import orjson
import typer

from api import logs
from api.cli_options import AsOf
from api.cli_reading import open_edge, open_to_write, write_down
from api.stopping import set_when_stopped

if TYPE_CHECKING:
    from psycopg import Connection

    from api.edge import Edge
    from ledger.application import Call

app = typer.Typer(help="Close what is owed, export it, take in answers.", no_args_is_help=True)
Principal = Annotated[UUID, typer.Option(help="Who acts: nobody both prepares and approves.")]
BatchId = Annotated[UUID, typer.Argument(help="The batch.")]
LISTED_MAX = 1_000
PAUSE_SECONDS = 5.0


@app.command()
def close(
    district: Annotated[UUID, typer.Option(help="Who pays.")],
    pay_date: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="When.")],
    principal: Principal,
    through: Annotated[
        int | None, typer.Option(min=1, help="Up to this position of the log; else to its end.")
    ] = None,
) -> None:
    """Begin the next batch of a district and freeze it, so that others can approve it.

    One that was begun for this pay date and not frozen is taken up.
    """
    from api import payroll  # noqa: PLC0415 - loads slowly, and other commands do without
    from projections import batches  # noqa: PLC0415

    day = pay_date.date()
    with open_to_write() as edge:
        with edge.reading([district]) as connection:
            newest = batches.of_district(connection, district, limit=1)
        if newest and (newest[0].state, newest[0].pay_date) == ("drafted", day):
            batch_id = newest[0].batch_id
        else:
            call = _call(edge, principal)
            batch_id = payroll.draft(
                edge, call, district_id=district, pay_date=day, through_position=through
            ).stream
        payroll.freeze(edge, _call(edge, principal), batch_id=batch_id)
        _print_batch(edge, batch_id)


@app.command()
def compare(batch: BatchId, principal: Principal, as_of: AsOf = None) -> None:
    """Show what of a batch differs from the one before by more than a quarter."""
    from api import payroll  # noqa: PLC0415 - loads slowly
    from api.exports.records import dollars  # noqa: PLC0415
    from ledger.commands.batch import beginning_of  # noqa: PLC0415
    from projections import batches  # noqa: PLC0415

    with open_edge() as edge:
        district_id = beginning_of(edge.ledger, batch).district_id
        if as_of is None:  # whoever approves it is shown what the log says, no view of it
            found = payroll.compared(edge, batch)
        else:
            with _known(edge, district_id, as_of) as connection:
                then = batches.find(connection, batch)
                found = None if then is None else batches.comparison(connection, then)
        warned = [one.person_id for one in found.warnings if one.person_id] if found else []
        write_down(edge, "payouts", warned, district_id, principal=principal)
    if found is None:
        typer.echo("no batch before it; 0 warnings")
        return
    for one in found.warnings:
        before, now = dollars(one.before_cents), dollars(one.now_cents)
        typer.echo(f"{one.person_id or one.about}: {before} before, {now} now")
    typer.echo(
        f"batch {found.compared_with} before it; {found.new_persons} persons are new,"
        f" {found.absent_persons} are absent; {len(found.warnings)} warnings"
    )


@app.command()
def approve(
    batch: BatchId,
    principal: Principal,
    warnings_seen: Annotated[
        int, typer.Option(min=0, help="How many warnings `compare` showed.")
    ] = 0,
) -> None:
    """Approve a frozen batch; the last approval that is needed closes it."""
    from api import payroll  # noqa: PLC0415 - loads slowly

    with open_to_write() as edge:
        call = _call(edge, principal)
        payroll.approve(edge, call, batch_id=batch, warnings_seen=warnings_seen)
        _print_batch(edge, batch)


@app.command()
def void(
    batch: BatchId,
    principal: Principal,
    reason: Annotated[str, typer.Option(help="wrong_lines, wrong_pay_date, superseded, ...")],
) -> None:
    """Give a batch up before it is exported; its number is not used again."""
    from ledger.commands.batch import void_batch  # noqa: PLC0415 - loads slowly
    from ledger.events.batch import VoidReason  # noqa: PLC0415

    if reason not in get_args(VoidReason):
        raise typer.BadParameter(f"the reasons are {', '.join(get_args(VoidReason))}")
    why = cast("VoidReason", reason)
    with open_to_write() as edge:
        void_batch(edge.ledger, _call(edge, principal), batch_id=batch, reason=why)
        _print_batch(edge, batch)


@app.command()
def export(
    batch: BatchId,
    principal: Principal,
    layout: Annotated[str, typer.Option(help="See: mcledger payroll layouts")] = "canonical-csv",
    folder: Annotated[Path, typer.Option(file_okay=False, help="Where to.")] = Path(),
) -> None:
    """Write the file of a closed batch and its envelope; a second time gives the same bytes.

    That whoever is paid by it was shown to the principal is written down.
    """
    from api import payroll  # noqa: PLC0415 - loads slowly
    from ledger.aggregates.batch import Batch  # noqa: PLC0415
    from ledger.commands.batch import record_download  # noqa: PLC0415
    from ledger.commands.batch_lines import about_batch  # noqa: PLC0415

    with open_to_write() as edge:
        found = edge.ledger.get(Batch, batch)
        if layout not in found.exports:
            call = _call(edge, principal)
            payroll.export(edge, call, batch_id=batch, layout_name=layout)
        file = payroll.read_export(edge, edge.ledger.get(Batch, batch), layout)
        payees = map(UUID, about_batch(edge.ledger, found).person_ids)
        write_down(edge, "payouts", payees, found.district_id, principal=principal)
        record_download(
            edge.ledger,
            _call(edge, principal),
            batch_id=batch,
            district_id=found.district_id,
            layout=layout,
            file_id=file.file_id,
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file.name
    path.write_bytes(file.content)
    path.with_name(f"{file.name}.envelope.json").write_bytes(orjson.dumps(file.envelope))
    typer.echo(f"{path}  {len(file.content)} bytes  sha256 {file.envelope['sha256']}")


@app.command("import-return")
def import_return(
    batch: BatchId,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or JSON.")],
    principal: Principal,
) -> None:
    """Record what payroll answered. The same file again adds nothing.

    Exit status: 0 recorded, 1 refused (every flaw is named with its row and field).
    """
    from api import payroll_returns  # noqa: PLC0415 - loads slowly
    from api.imports.flaws import FileRefusedError  # noqa: PLC0415
    from api.imports.payroll_return import read_answers  # noqa: PLC0415
    from ledger.aggregates.batch_returns import AnsweredBatch  # noqa: PLC0415
    from ledger.commands.batch import beginning_of  # noqa: PLC0415

    content = file.read_bytes()
    with open_to_write() as edge:
        number = beginning_of(edge.ledger, batch).number
        try:
            answers = read_answers(file.name, content, number)
        except FileRefusedError as refused:
            for flaw in refused.flaws:
                typer.echo(str(flaw), err=True)
            raise typer.Exit(1) from None
        call = _call(edge, principal)
        said = payroll_returns.record_return(
            edge, call, batch_id=batch, content=content, answers=answers
        )
        variance = edge.ledger.get(AnsweredBatch, batch).variance
    typer.echo(
        f"accepted {said.accepted}, rejected {said.rejected}, bypassed {said.bypassed},"
        f" pending {said.pending}, repeated {said.repeated}, exceptions {said.exceptions},"
        f" quarantined {said.quarantined}; variance {variance.variance_cents} cents"
    )


@app.command("list")
def list_batches(
    district: Annotated[UUID, typer.Option(help="Whose.")], as_of: AsOf = None
) -> None:
    """List the batches of a district, the newest first."""
    from api.exports.records import dollars  # noqa: PLC0415 - loads slowly
    from projections import batches  # noqa: PLC0415

    with open_edge() as edge, _known(edge, district, as_of) as connection:
        for one in batches.of_district(connection, district, limit=LISTED_MAX):
            typer.echo(
                f"{one.number:>6}  {one.state:<10} {one.pay_date}  {one.line_count:>7} lines"
                f" {dollars(one.sum_cents):>14}  {one.batch_id}"
            )


@app.command()
def layouts() -> None:
    """List the layouts that batches can be exported in."""
    from api.exports.layout import layouts as known  # noqa: PLC0415 - loads slowly

    for one in known().values():
        why = "" if one.complete else f"  (for trying out: {one.incomplete_because})"
        typer.echo(f"{one.name:<20} {one.title}{why}")


@app.command()
def deliver(
    *, once: Annotated[bool, typer.Option(help="Send what is due, and come back.")] = False
) -> None:
    """Tell the addresses that districts registered what happened, until stopped."""
    from api import rounds, webhooks  # noqa: PLC0415 - loads slowly
    from api.clock import wall  # noqa: PLC0415

    with open_edge() as edge:

        def tell_some() -> int:
            return webhooks.fill(edge, wall()) + webhooks.deliver(edge, wall)

        if once:
            while tell_some():
                pass
        else:
            logs.configure(in_development=edge.settings.in_development)
            stop = set_when_stopped(Event())
            rounds.follow("webhooks", tell_some, stop, pause_seconds=PAUSE_SECONDS)


@contextmanager
def _known(edge: Edge, district_id: UUID, as_of: str | None) -> Iterator[Connection[Any]]:
    """A connection to which a district's payroll is as it was known then."""
    from api.simulation import position_known  # noqa: PLC0415 - loads slowly
    from projections.known import payroll_of_district  # noqa: PLC0415

    position = position_known(edge, district_id, as_of)
    with (
        edge.reading([district_id]) as connection,
        payroll_of_district(connection, district_id, position),
    ):
        yield connection


def _call(edge: Edge, principal: UUID) -> Call:
    from api.clock import wall  # noqa: PLC0415 - loads slowly
    from ledger.application import Call  # noqa: PLC0415

    hashed = edge.vault.body_hash(b"command-line")
    return Call(caller_id=principal, command_id=uuid4(), body_hash=hashed, at=wall())


def _print_batch(edge: Edge, batch_id: UUID) -> None:
    from ledger.aggregates.batch import Batch  # noqa: PLC0415 - loads slowly

    batch = edge.ledger.get(Batch, batch_id)
    drafted = batch.drafted
    typer.echo(
        f"batch {drafted.number} {batch.id} is {batch.state}: {drafted.line_count} lines,"
        f" {drafted.sum_cents} cents, approvals {len(batch.approvers)}"
        f" of {drafted.approvals_needed}"
    )
