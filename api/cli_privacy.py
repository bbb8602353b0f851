"""Commands that hold and forget: of a person, of a file, and whatever has come due meanwhile.

Reasons are codes, never words: what somebody writes about a person could not be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID, uuid4

import orjson
import typer

from api.cli_imports import COMMAND_LINE
from api.cli_reading import open_edge, open_to_write
from ledger.errors import NothingChangesError
from ledger.events.retention import HoldReason, LiftReason

if TYPE_CHECKING:
    from api.edge import Edge
    from api.forgetting import Kept
    from ledger.aggregates.retention import Subject
    from ledger.application import Call

people = typer.Typer(help="What is kept about a person, and forgetting it.", no_args_is_help=True)
evidence = typer.Typer(help="Evidence files, and forgetting them.", no_args_is_help=True)
retention = typer.Typer(help="What must be kept, and what has come due.", no_args_is_help=True)

ErasedFor = Literal["subject-request", "court-order", "retention-ended", "recorded-by-mistake"]
RedactedFor = Literal[
    "subject-request", "court-order", "retention-ended", "recorded-by-mistake", "student-data"
]
Person = Annotated[UUID, typer.Argument(help="The person's id.")]
Evidence = Annotated[UUID, typer.Argument(help="The file's id.")]
HoldId = Annotated[UUID, typer.Argument(help="As it was printed when the hold was placed.")]
Principal = Annotated[UUID, typer.Option(help="Who acts; else the command line's own account.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON array.")]


@people.command("erase")
def erase_person(
    person: Person,
    reason: Annotated[ErasedFor, typer.Option(help="Why, as a code.")],
    principal: Principal = COMMAND_LINE,
) -> None:
    """Forget a person, now or once nothing stands in the way. The same again goes on.

    Exit status: 0 erased, 3 deferred (the grounds are named, and the day from which it is allowed).
    """
    with _acting(principal) as (edge, call):
        _erase(edge, call, _person(person), reason)


@people.command("withdraw-erasure")
def withdraw_erasure(person: Person, principal: Principal = COMMAND_LINE) -> None:
    """Take a request back, as long as nothing was destroyed."""
    with _acting(principal) as (edge, call):
        _withdraw(edge, call, _person(person))


@people.command("hold")
def hold_person(
    person: Person,
    reason: Annotated[HoldReason, typer.Option(help="Why, as a code.")],
    principal: Principal = COMMAND_LINE,
) -> None:
    """Let nothing that is kept about a person be destroyed, and print the hold's id."""
    with _acting(principal) as (edge, call):
        _hold(edge, call, _person(person), reason)


@people.command("lift-hold")
def lift_hold_of_person(
    person: Person,
    hold: HoldId,
    reason: Annotated[LiftReason, typer.Option(help="Why, as a code.")],
    principal: Principal = COMMAND_LINE,
) -> None:
    """End a hold; others may still stand."""
    with _acting(principal) as (edge, call):
        _lift(edge, call, _person(person), hold, reason)


@people.command("erasures")
def list_erasures(*, as_json: AsJson = False) -> None:
    """List whoever and whatever is held, waits to be forgotten, or is forgotten."""
    from api.forgetting import kept  # noqa: PLC0415 - loads slowly, and other commands do without

    with open_edge() as edge:
        found = kept(edge)
    if as_json:
        typer.echo(orjson.dumps(found).decode())
        return
    for one in found:
        typer.echo(_sentence(one))


@evidence.command("redact")
def redact_evidence(
    file: Evidence,
    reason: Annotated[RedactedFor, typer.Option(help="Why, as a code.")],
    principal: Principal = COMMAND_LINE,
) -> None:
    """Destroy a file and its key. For student-data and court-order no review is awaited.

    Exit status: 0 destroyed, 3 deferred (the grounds are named, and the day, where it is known).
    """
    with _acting(principal) as (edge, call):
        _erase(edge, call, _file(edge, file), reason)


@evidence.command("withdraw-redaction")
def withdraw_redaction(file: Evidence, principal: Principal = COMMAND_LINE) -> None:
    """Take a request back, as long as nothing was destroyed."""
    with _acting(principal) as (edge, call):
        _withdraw(edge, call, _file(edge, file))


@evidence.command("hold")
def hold_evidence(
    file: Evidence,
    reason: Annotated[HoldReason, typer.Option(help="Why, as a code.")],
    principal: Principal = COMMAND_LINE,
) -> None:
    """Let a file not be destroyed, and print the hold's id."""
    with _acting(principal) as (edge, call):
        _hold(edge, call, _file(edge, file), reason)


@evidence.command("lift-hold")
def lift_hold_of_evidence(
    file: Evidence,
    hold: HoldId,
    reason: Annotated[LiftReason, typer.Option(help="Why, as a code.")],
    principal: Principal = COMMAND_LINE,
) -> None:
    """End a hold on a file; others may still stand."""
    with _acting(principal) as (edge, call):
        _lift(edge, call, _file(edge, file), hold, reason)


@retention.command("run")
def run(principal: Principal = COMMAND_LINE) -> None:
    """Forget what has come due, and finish what broke off. To be run every day.

    Payroll files that nobody has to keep any longer are destroyed, unless a payee is held.
    """
    from api.forgetting import run_retention  # noqa: PLC0415 - loads slowly, as above
    from api.payroll_retention import destroy_due_files  # noqa: PLC0415

    with _acting(principal) as (edge, call):
        for one in run_retention(edge, principal, call.at):
            typer.echo(_sentence(one))
        for due in destroy_due_files(edge, principal, call.at):
            what = {"held": "kept: legal-hold", "destroyed": "destroyed"}[due.outcome]
            typer.echo(f"files of payroll batch {due.batch_id}: {what}")


@retention.command("periods")
def periods() -> None:
    """Print how long records of payments are kept, since when, and on whose authority."""
    from ledger.rules.retention import PAYROLL  # noqa: PLC0415 - as above

    for period in PAYROLL:
        typer.echo(
            f"paid since {period.first_day}: {period.years} years after the return of the year's"
            f" fourth quarter was due ({period.source})"
        )


@contextmanager
def _acting(principal: UUID) -> Iterator[tuple[Edge, Call]]:
    """The ledger of this machine, which may be written to, and a command to give."""
    from api.clock import wall  # noqa: PLC0415 - loads slowly, and other commands do without
    from ledger.application import Call  # noqa: PLC0415

    with open_to_write() as edge:
        command_id = uuid4()
        body_hash = edge.vault.body_hash(command_id.bytes)
        yield edge, Call(caller_id=principal, command_id=command_id, body_hash=body_hash, at=wall())


def _person(person_id: UUID) -> Subject:
    from ledger.aggregates.retention import Subject  # noqa: PLC0415 - as above

    return Subject(person_id)


def _file(edge: Edge, evidence_id: UUID) -> Subject:
    from api.forgetting import subject_of_evidence  # noqa: PLC0415 - as above

    return subject_of_evidence(edge, evidence_id, None)


def _erase(edge: Edge, call: Call, subject: Subject, reason: RedactedFor) -> None:
    from api.forgetting import erase, kept_of  # noqa: PLC0415 - as above

    try:
        erase(edge, call, subject, reason)
    except NothingChangesError:
        typer.echo("asked for before", err=True)
    stands = kept_of(edge, subject)
    typer.echo(_sentence(stands))
    if stands.stage != "erased":
        raise typer.Exit(3)


def _withdraw(edge: Edge, call: Call, subject: Subject) -> None:
    from ledger.commands.retention import withdraw_erasure  # noqa: PLC0415 - as above

    withdraw_erasure(edge.ledger, call, subject=subject)
    typer.echo(f"{subject.id} is kept")


def _hold(edge: Edge, call: Call, subject: Subject, reason: HoldReason) -> None:
    from ledger.commands.retention import place_hold  # noqa: PLC0415 - as above

    place_hold(edge.ledger, call, subject=subject, reason=reason, authority_id=None)
    typer.echo(str(call.command_id))


def _lift(edge: Edge, call: Call, subject: Subject, hold_id: UUID, reason: LiftReason) -> None:
    from ledger.commands.retention import lift_hold  # noqa: PLC0415 - as above

    lift_hold(edge.ledger, call, subject=subject, hold_id=hold_id, reason=reason)
    typer.echo(f"hold {hold_id} is lifted")


def _sentence(one: Kept) -> str:
    """Where it stands, with nothing in it but ids, codes and days."""
    what = f"evidence {one.evidence_id}" if one.evidence_id else f"person {one.person_id}"
    holds = [f"held for {hold.reason} (hold {hold.hold_id})" for hold in one.holds]
    stage = {
        None: "not to be erased",
        "begun": "being erased: run again to finish it",
        "erased": f"erased at {one.erased_at}",
        "deferred": f"deferred: {', '.join(one.grounds)}; "
        + (f"allowed from {one.allowed_from} on" if one.allowed_from else "no day is known yet"),
    }[one.stage]
    return "; ".join([f"{what}: {stage}", *holds])
