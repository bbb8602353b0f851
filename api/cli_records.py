"""Portable records from the command line: issued, issued anew, and the keys that sign them."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event
from typing import Annotated, Literal
from uuid import UUID

import typer

from api import logs
from api.cli_reading import open_edge, open_to_write
from api.stopping import set_when_stopped
from ledger.events.record_keys import KeyAlgorithm

app = typer.Typer(help="Issue portable records, and keep the keys for it.", no_args_is_help=True)
IssuerId = Annotated[
    UUID | None, typer.Option("--issuer", help="Whose keys; else the ledger's own.")
]
SINCE = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


@app.command()
def issue(
    *, follow: Annotated[bool, typer.Option("--follow", help="Go on until stopped.")] = False
) -> None:
    """Make of each award that has none a signed record. What cannot be made is set aside.

    Exit status: 0 all that is due was issued, 1 something is set aside (see records parked).
    """
    from api import issuing  # noqa: PLC0415 - loads slowly, and other commands do without
    from api.clock import wall  # noqa: PLC0415
    from ledger.record_vault import RecordVault  # noqa: PLC0415

    with open_to_write() as edge:
        if follow:
            logs.configure(in_development=edge.settings.in_development)
            issuing.follow(edge, wall, set_when_stopped(Event()))
            return
        done = 0
        while some := issuing.issue_due(edge, wall):
            done += some
        waiting = sum(one.waits for one in RecordVault(edge.vault).parked())
    typer.echo(f"{done} issued, {waiting} set aside")
    raise typer.Exit(1 if waiting else 0)


@app.command()
def reissue(
    issuer: Annotated[UUID | None, typer.Option(help="The records of this issuer.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those of every issuer.")] = False,
) -> None:
    """Sign anew, with the keys of now, what other keys have signed. Ids and places stay."""
    from api import issuing  # noqa: PLC0415 - loads slowly
    from api.clock import wall  # noqa: PLC0415
    from ledger.store import EVERYTHING  # noqa: PLC0415
    from projections import records  # noqa: PLC0415

    if everything == (issuer is not None):
        raise typer.BadParameter("name one issuer, or --all")
    with open_to_write() as edge:
        with edge.reading([EVERYTHING]) as connection:
            wanted = [issuer] if issuer else records.issuers(connection)
        done = sum(issuing.reissue(edge, one, wall) for one in wanted)
    typer.echo(f"{done} issued anew")


@app.command()
def parked() -> None:
    """List the awards that could not be issued, with the reason, and when they are tried again.

    Exit status: 0 nothing is set aside, 1 something is.
    """
    from ledger.record_vault import RecordVault  # noqa: PLC0415 - loads slowly

    with open_edge() as edge:
        found = [one for one in RecordVault(edge.vault).parked() if one.waits]
    for one in found:
        again = one.next_try_at.astimezone(UTC).isoformat(timespec="seconds")
        typer.echo(f"{one.enrollment_id}  {one.reason}, tried {one.tries} times, again {again}")
    raise typer.Exit(1 if found else 0)


@app.command()
def keys(issuer: IssuerId = None) -> None:
    """List every key that an issuer ever had, in the order they came."""
    from api.record_signing import keys_of  # noqa: PLC0415 - loads slowly

    with open_edge() as edge:
        known = keys_of(edge, issuer)
    for one in known.keys if known else ():
        since = one.compromised_since and one.compromised_since.isoformat(timespec="seconds")
        state = f"compromised since {since}" if since else "replaced" if one.replaced else "signs"
        typer.echo(f"{one.key}  {one.algorithm:<8} {state}")


@app.command("rotate-key")
def rotate_key(
    issuer: IssuerId = None,
    algorithm: Annotated[
        Literal["Ed25519", "ES256"], typer.Option(help="Of documents, or of tokens.")
    ] = "Ed25519",
) -> None:
    """Sign with a new key from now on. What the old one signed stays proved by it."""
    from api import record_signing  # noqa: PLC0415 - loads slowly
    from api.clock import wall  # noqa: PLC0415

    kind: KeyAlgorithm = algorithm
    with open_to_write() as edge:
        typer.echo(f"{record_signing.rotate(edge, issuer, kind, wall()).key} signs from now on")


@app.command("distrust-key")
def distrust_key(
    key: Annotated[str, typer.Argument(help="As records keys lists it.")],
    since: Annotated[
        datetime, typer.Option(formats=SINCE, help="Since when others may have had it, in UTC.")
    ],
    issuer: IssuerId = None,
) -> None:
    """Let nothing be proved by a key any more, and sign with a new one where it still signs.

    Whatever it signed has to be issued anew: run records reissue.
    """
    from api import record_signing  # noqa: PLC0415 - loads slowly
    from api.clock import wall  # noqa: PLC0415

    with open_to_write() as edge:
        signs = record_signing.compromise(edge, issuer, key, since.replace(tzinfo=UTC), wall())
    typer.echo(f"{signs.key} signs; now run: mcledger records reissue")


@app.command()
def recheck(
    district: Annotated[
        UUID | None, typer.Option(help="What this district received; else all.")
    ] = None,
    record: Annotated[UUID | None, typer.Option(help="This record from elsewhere alone.")] = None,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Ask about each of all once a day, until stopped.")
    ] = False,
) -> None:
    """Ask the issuers of records from elsewhere again, and put in question what they took back.

    Exit status: 0 everything that was accepted stands, 1 something is to be looked at again.
    """
    from api import rechecking  # noqa: PLC0415 - loads slowly, and other commands do without
    from api.cli_external_records import recheck as again  # noqa: PLC0415
    from api.clock import wall  # noqa: PLC0415

    if follow and (district or record):
        raise typer.BadParameter("whoever follows asks about all of them")
    in_question = 0
    with open_to_write() as edge:
        if follow:
            logs.configure(in_development=edge.settings.in_development)
            rechecking.follow(edge, wall, set_when_stopped(Event()))
            return
        for line, put_under_review in again(edge, district, record):
            typer.echo(line)
            in_question += put_under_review
    typer.echo(f"{in_question} put under review")
    raise typer.Exit(1 if in_question else 0)
