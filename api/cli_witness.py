"""Commands of a witness, who needs neither a database nor anything secret of the ledger's."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import typer

from api import logs
from api.cli_options import finite, text_of
from api.clock import wall
from api.stopping import set_when_stopped
from ledger.errors import InvalidError, LedgerError
from ledger.seal.witness import LogWentBackError, RemoteLog, Witness
from ledger.seal.witness_folder import WitnessFolder

WENT_BACK = 3  # as `mcledger verify` says that a log was tampered with
PORT, PORT_MAX = re.compile("[0-9]{1,5}"), 65_535
log = logging.getLogger(__name__)
app = typer.Typer()

Folder = Annotated[
    Path,
    typer.Option(
        "--folder",
        envvar="MCLEDGER_WITNESS_FOLDER",
        file_okay=False,
        help="What this witness keeps: its key, the logs' keys, what it has cosigned.",
    ),
]
Ledger = Annotated[str, typer.Option("--ledger", help="Where the ledger answers HTTP.")]


@app.command("witness-key")
def witness_key(
    folder: Folder,
    name: Annotated[str, typer.Option(help="As in witness.example/district; no spaces.")],
) -> None:
    """Print the public key of this witness, for the ledger; it is made at the first time."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    typer.echo(str(WitnessFolder(folder).key(name).verifier))


@app.command()
def witness(
    folder: Folder,
    ledger: Annotated[
        list[str] | None, typer.Option(help="Where a ledger answers HTTP; several may be named.")
    ] = None,
    follow: Annotated[
        float | None,
        typer.Option(min=0.05, callback=finite, help="Look again every so many seconds."),
    ] = None,
    listen: Annotated[
        str | None, typer.Option(help="Answer ledgers at HOST:PORT; port 0 takes any free one.")
    ] = None,
) -> None:
    """Cosign the newest checkpoint of a ledger, if it continues all that was witnessed before.

    Exit status: 0 cosigned, 1 could not be done, 2 usage, 3 the log went back or is another.
    """
    served = _open(folder)
    remote = [RemoteLog(url) for url in ledger or []]
    if listen is None and not remote:
        raise typer.BadParameter("name a --ledger to look at, or an address to --listen at")
    if listen is None and follow is None:
        _look_once(served, remote)
        return
    logs.configure(in_development=True)  # there is nothing personal in a checkpoint
    stop = Event()
    follower = Thread(target=_follow, args=(served, remote, follow or 60.0, stop), name="follower")
    if remote:
        follower.start()
    try:
        if listen is not None:
            _answer(served, listen)
        else:
            set_when_stopped(stop).wait()
    finally:
        stop.set()
        if remote:
            follower.join()


@app.command("witness-fork")
def witness_fork(
    folder: Folder,
    ledger: Ledger,
    statement: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
) -> None:
    """Let a log go on under a new name after a loss, as its operators' statement of it says.

    Speak to them first. What the statement keeps has to be what was witnessed.
    """
    common, successor = _open(folder).accept_fork(text_of(statement), RemoteLog(ledger))
    typer.echo(f"{common.origin} ends at {common.size} events; {successor.name} goes on from there")


def _open(folder: Path) -> Witness:
    if not folder.is_dir():
        raise InvalidError(f"there is no folder {folder}; make it with: mcledger witness-key")
    return Witness(WitnessFolder(folder), wall)


def _look_once(served: Witness, remote: list[RemoteLog]) -> None:
    """Look at each, whatever came of the others. That a log went back weighs most."""
    went_back, failures = False, []
    for one in remote:
        try:
            went_back |= not _told(served, one)
        except LedgerError as error:
            failures.append(error)
    for failure in failures if went_back else failures[1:]:
        typer.echo(f"not witnessed: {failure.detail} [{failure.slug}]", err=True)
    if went_back:
        raise typer.Exit(WENT_BACK)
    if failures:
        raise failures[0]


def _told(served: Witness, remote: RemoteLog) -> bool:
    """Look once, and say what came of it; false when the log went back."""
    try:
        seen = served.look(remote)
    except LogWentBackError as error:
        typer.echo(f"REFUSED: {error.detail} [{error.slug}]", err=True)
        return False
    new = seen.checkpoint
    grown = f"continues the {seen.before} witnessed before" if seen.before else "the first seen"
    typer.echo(f"{new.origin}: {new.size} events cosigned, {grown}")
    return True


def _follow(served: Witness, remote: list[RemoteLog], seconds: float, stop: Event) -> None:
    """Look again and again. What went wrong is told each time, and looked at again.

    It does not end when a log went back: whoever asks has to hear what is held.
    """
    sizes: dict[str, int] = {}
    while not stop.is_set():
        for one in remote:
            try:
                new = served.look(one).checkpoint
            except LogWentBackError as error:
                log.error("REFUSED: %s [%s]", error.detail, error.slug)  # noqa: TRY400 - no traceback
            except LedgerError as error:
                log.warning("not witnessed: %s [%s]", error.detail, error.slug)
            except OSError as error:  # a full disk, say: once there is room it goes on
                log.error("not witnessed: %s", error)  # noqa: TRY400 - no traceback
            else:
                if sizes.get(new.origin) != new.size:
                    log.info("%s: %d events cosigned", new.origin, new.size)
                sizes[new.origin] = new.size
        stop.wait(seconds)


def _answer(served: Witness, listen: str) -> None:
    """Answer HTTP until stopped."""
    import uvicorn  # noqa: PLC0415 - loads slowly, and a look does without

    from api.witness_app import create_witness_app  # noqa: PLC0415

    host, found, port = listen.rpartition(":")
    if not found or not host or not PORT.fullmatch(port) or int(port) > PORT_MAX:
        raise typer.BadParameter("an address to listen at is HOST:PORT")
    uvicorn.run(
        create_witness_app(served),
        host=host.strip("[]"),
        port=int(port),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
