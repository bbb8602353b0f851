"""Commands that copy a ledger and make it again: backup take, backup follow, backup list, restore.

They need no key and copy none.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from api import local_postgres, logs
from api.backups.archive import Archive
from api.backups.follow import follow
from api.backups.restore import restore
from api.backups.take import take
from api.local_paths import chosen_folder, folder
from api.local_postgres import Cluster
from api.settings import Settings, read_settings
from api.stopping import set_when_stopped
from ledger.errors import InvalidError

MEBIBYTE = 1024 * 1024
app = typer.Typer()
backup = typer.Typer(help="Copy the database and the evidence.", no_args_is_help=True)
app.add_typer(backup, name="backup")
Place = Annotated[Path, typer.Argument(file_okay=False, help="The folder of the backups.")]
Kept = Annotated[
    Path, typer.Argument(exists=True, file_okay=False, help="The folder of the backups.")
]
Evidence = Annotated[
    Path | None, typer.Option(file_okay=False, help="Where evidence is; else as it is configured.")
]


class MomentError(InvalidError):
    """This is not a moment in time."""

    slug = "no-such-moment"


@backup.command("take")
def take_base(
    place: Place,
    keep: Annotated[int, typer.Option(min=1, help="So many base backups stay.")] = 7,
    evidence: Evidence = None,
) -> None:
    """Copy the whole database and verify the copy; copy new evidence; remove what is too old.

    DATABASE_URL connects as one who may replicate and is a member of the role audit.
    """
    settings = read_settings()
    base = take(
        local_postgres.url(),
        Archive(place.absolute()),
        evidence or settings.evidence_files,
        keep=keep,
        secrets=_secrets(settings),
    )
    about = base.about
    typer.echo(f"{base.folder.name}: {about.bytes / MEBIBYTE:.0f} MiB, position {about.position}")
    typer.echo("Keys are not in it. Keep copies of these elsewhere, and not with each other:")
    for secret in _secrets(settings):
        typer.echo(f"  {secret}")


@backup.command("follow")
def follow_log(place: Place, evidence: Evidence = None) -> None:
    """Receive the write-ahead log as it is written, and copy new evidence, until stopped."""
    logs.configure(in_development=True)  # there is nothing personal in the log to be told
    stop = set_when_stopped(Event())
    kept = evidence or read_settings().evidence_files
    follow(local_postgres.url(), Archive(place.absolute()), kept, stop)


@backup.command("list")
def list_backups(place: Kept) -> None:
    """List the base backups, and how much of the write-ahead log there is."""
    archive = Archive(place.absolute())
    archive.make()
    for base in archive.bases():
        about = base.about
        typer.echo(
            f"{base.folder.name}  {about.bytes / MEBIBYTE:8.0f} MiB  position {about.position}"
        )
    wal = list(archive.wal_files())
    size = sum(path.stat().st_size for path in wal)
    typer.echo(f"write-ahead log: {len(wal)} files, {size / MEBIBYTE:.0f} MiB")


@app.command("restore")
def restore_backup(
    place: Kept,
    to: Annotated[
        Path | None, typer.Option(file_okay=False, help="An empty folder; else one of our own.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--time", help="As of a moment, as 2026-11-22T10:00:00Z.")
    ] = None,
    position: Annotated[
        int | None, typer.Option(min=1, help="As of a position of the log.")
    ] = None,
) -> None:
    """Make a running database of a backup: the newest there is, or as of an earlier moment.

    It is a copy with a server of its own; nothing else is touched. Print its address.
    """
    moment = _moment(until) if until else None
    if moment and position:
        raise MomentError("say either a time or a position")
    target = chosen_folder(to.absolute()) if to else folder("restored")
    made = restore(Archive(place.absolute()), Cluster(target), until=moment, position=position)
    typer.echo(
        f"restored {made.base} up to position {made.position} ({made.recorded_at})"
        f" in {made.seconds:.1f} s"
    )
    typer.echo(f"evidence: {target / 'evidence'}")
    typer.echo(made.url)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise MomentError("say a moment with its zone, as 2026-11-22T10:00:00Z")
    return moment.astimezone(UTC)


def _secrets(settings: Settings) -> list[Path]:
    """What is kept apart: without the first no name opens, the others say what to trust."""
    return [
        settings.root_keys,
        settings.erase_list,
        settings.seal_keys,
        settings.seal_keys.with_name(settings.seal_keys.name + ".last-checkpoint"),
    ]
