"""Commands of the seal: seal, verify, and a whole log out of one ledger and into another."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import orjson
import psycopg
import typer

from api import cli_exports, cli_imports, local_postgres, logs
from api.cli_options import finite, text_of
from api.cli_server import progress_bar
from api.settings import Settings, SettingsError, read_settings
from api.stopping import set_when_stopped
from api.witnesses import named_witnesses
from ledger.events.seal_keys import ForkReason
from ledger.seal.diagnosis import Damage
from ledger.seal.keys import FileLogSigner, LastSigned
from ledger.seal.log_file import LogFile
from ledger.seal.log_transfer import export_log, import_log
from ledger.seal.notes import NoteError, VerifierKey
from ledger.seal.reads import DatabaseLog
from ledger.seal.receipts import Proved, check_receipts, parse_held, parse_receipts
from ledger.seal.report import DERIVED, SOUND, TAMPERED, UNPROVEN, Report
from ledger.seal.sealer import Sealer, give_way
from ledger.seal.structure import Difference, check_structure
from ledger.seal.trusted_keys import TrustedKey, parse_trusted_keys
from ledger.seal.verify import verify
from ledger.seal.witness_client import parse_witness_keys
from ledger.seal.witness_collector import Collector
from ledger.store import Role, connection_info

DAMAGES_SHOWN = 50
UNGUARDED = 5  # exit status: what guards the log is not what the migrations made
VERDICTS = {
    SOUND: "sound",
    UNPROVEN: "not proved: nothing is sealed, or cosigned by those who have to",
    DERIVED: "the log is sound; the tree of the seal is damaged",
}
app = typer.Typer()
log_commands = typer.Typer(help="What is done to the log as a whole.", no_args_is_help=True)
app.add_typer(log_commands, name="log")

Keys = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        exists=True,
        dir_okay=False,
        help="Public keys that count, one a line; else those this machine signs with.",
    ),
]
WitnessKeys = Annotated[
    Path | None,
    typer.Option(
        "--witnesses",
        exists=True,
        dir_okay=False,
        help="Public keys of witnesses, one a line: what they have cosigned is checked and told.",
    ),
]
LogArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An exported log.")]


@app.command()
def seal(
    events: Annotated[int, typer.Option(min=1, help="At most so many a checkpoint.")] = 8192,
    seconds: Annotated[
        float, typer.Option(min=0.01, callback=finite, help="A checkpoint at least so often.")
    ] = 1,
    *,
    once: Annotated[bool, typer.Option(help="Seal what there is, and stop.")] = False,
) -> None:
    """Seal the log until stopped: keep its tree, and sign checkpoints. Several may run."""
    settings = read_settings()
    sealer = Sealer(
        connection_info(local_postgres.url(), Role.PROJECT),
        _signer(settings),
        LastSigned(settings.seal_keys.with_name(settings.seal_keys.name + ".last-checkpoint")),
        events_max=events,
        seconds_max=seconds,
    )
    collector = Collector(sealer.conninfo, named_witnesses(settings), seconds)
    if once:
        with closing(sealer.connect()) as connection:
            typer.echo(f"{sealer.catch_up(connection)} events sealed")
            if collector.witnesses:
                typer.echo(f"{collector.collect(connection)} witnesses have cosigned")
        return
    logs.configure(in_development=True)  # there is nothing personal in the log to be told
    give_way()
    stop = set_when_stopped(Event())
    collecting = Thread(target=collector.run, args=(stop,), name="collector")
    if collector.witnesses:
        collecting.start()
    sealer.run(stop)
    if collector.witnesses:
        collecting.join()


@app.command("seal-keys")
def seal_keys(
    *,
    rotate: Annotated[
        bool, typer.Option(help="Sign with a new key from the next checkpoint on.")
    ] = False,
    compromised: Annotated[
        bool, typer.Option(help="With --rotate: say in the log that somebody else has the old key.")
    ] = False,
    record: Annotated[bool, typer.Option(help="Say in the log which key signs it.")] = False,
) -> None:
    """Print the public keys of the log, for whoever wants to check it: one a line, newest last.

    Every exchange is an event of the log.
    """
    from api import seal_keys as keys  # noqa: PLC0415 - loads slowly, seldom needed

    settings = read_settings()
    if compromised and not rotate:
        raise typer.BadParameter("--compromised goes with --rotate")
    if rotate:
        keys.rotate_key(settings, compromised=compromised)
    elif record:
        keys.record_key(settings)
    for key in _signer(settings).trusted:
        typer.echo(str(key))


@log_commands.command("fork")
def fork_log(
    reason: Annotated[ForkReason, typer.Option(help="Why the log has to go on by a new name.")],
    origin: Annotated[str, typer.Option(help="The new name, as in ledger.example/district-2.")],
    token_file: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="Holds your own access token.")
    ],
    statement: Annotated[
        Path, typer.Option(dir_okay=False, help="Where the statement for witnesses is written.")
    ] = Path("fork-statement"),
) -> None:
    """After a real loss, let the log go on from what is left, by a new name.

    Two operators have to give the same command, each with a token of her own. Stop `mcledger seal`
    first; afterwards set MCLEDGER_SEAL_ORIGIN to the new name and give witnesses the statement.
    """
    from api import seal_keys as keys  # noqa: PLC0415 - loads slowly, seldom needed

    asked = keys.fork(
        read_settings(),
        text_of(token_file).strip(),
        new_origin=origin,
        reason=reason,
        statement=statement,
    )
    terms = asked.terms
    lost = terms.signed_size - terms.common_size
    typer.echo(
        f"{terms.origin} keeps {terms.common_size} sealed events, root {terms.common_root};"
        f" checkpoints of {terms.signed_size} were signed: {lost} sealed events are given up"
    )
    if asked.happened:
        typer.echo(f"it goes on as {terms.new_origin}; set MCLEDGER_SEAL_ORIGIN to that")
        typer.echo(f"the statement for witnesses is in {statement}")
    else:
        typer.echo("asked for; another operator has to give the same command with her own token")


@app.command("verify")
def verify_log(
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="An exported log; else the database."),
    ] = None,
    keys: Keys = None,
    held: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, dir_okay=False, help="A checkpoint, proof or receipt kept elsewhere."
        ),
    ] = None,
    receipt: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Check these alone: saved answers to writes. Proofs fetched since go with --held.",
        ),
    ] = None,
    witnesses: WitnessKeys = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check every event against the seal, and name every damage by position, event and kind.

    Exit status: 0 sound, 1 could not be checked or nothing is sealed, 2 usage, 3 the log was
    tampered with, 4 the log is sound and only the seal's own tree is damaged, 5 no event was
    changed but a grant, trigger, function, policy or constraint is not as the migrations made it.
    What is wrong with a view alone is no tampering: `mcledger check` compares views with the log.
    With --receipt, which needs no database: 0 proved, 1 no proof yet, 3 refuted.
    """
    if receipt:
        raise typer.Exit(_check_receipts(receipt, held or [], _trusted(keys), as_json=as_json))
    cosigning = parse_witness_keys(text_of(witnesses)) if witnesses else ()
    report = _verified(file, keys, held or [], cosigning)
    changed = [] if file else _changed_structure()
    status = report.exit_status if report.exit_status == TAMPERED or not changed else UNGUARDED
    if as_json:
        said = {"sound": status == SOUND, "exit_status": status, "structure": changed}
        typer.echo(orjson.dumps(report.as_dict() | said).decode())
    else:
        for difference in changed:
            typer.echo(f"not as the migrations made it: {difference}")
        _print(report)
    raise typer.Exit(status)


@cli_exports.app.command("log")
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to; replaced if there.")],
) -> None:
    """Write the whole log and its seal as JSON Lines. Names are in the vault and not in it."""
    with _reading() as connection, progress_bar() as progress:
        task = progress.add_task("exporting", total=None)
        events = export_log(
            connection,
            file,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    typer.echo(f"{events} events exported")


@cli_imports.app.command("log")
def import_(file: LogArgument, keys: Keys = None) -> None:
    """Fill an empty ledger with an exported log, bit for bit, once it is proved to be sound."""
    info = connection_info(local_postgres.url(), Role.OWNER, statement_timeout="0")
    with (
        psycopg.connect(info, autocommit=True) as connection,
        closing(LogFile(file)) as log,
        progress_bar() as progress,
    ):
        task = progress.add_task("importing", total=None)
        events = import_log(
            connection,
            log,
            _trusted(keys),
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    typer.echo(f"{events} events imported")


def _verified(
    file: Path | None, keys: Path | None, held: list[Path], witnesses: tuple[VerifierKey, ...]
) -> Report:
    trusted = _trusted(keys)
    kept = [_held(path) for path in held]
    with progress_bar() as progress:
        task = progress.add_task("verifying", total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        if file is not None:
            with closing(LogFile(file)) as log:
                return verify(log, trusted, kept, tell, witnesses)
        with _reading() as connection:
            return verify(DatabaseLog(connection), trusted, kept, tell, witnesses)


def _held(path: Path) -> str:
    """What was kept elsewhere. A file that is none of it is a slip, and says nothing of the log."""
    text = text_of(path)
    try:
        parse_held(text)
    except NoteError as error:
        raise NoteError(f"{path.name} is no checkpoint, proof or receipt: {error}") from None
    return text


def _changed_structure() -> list[Difference]:
    with _reading() as connection:
        return check_structure(connection)


def _check_receipts(
    paths: list[Path], held: list[Path], keys: tuple[TrustedKey, ...], *, as_json: bool
) -> int:
    """Say of each receipt what it proves; the exit status."""
    receipts = [one for path in paths for one in parse_receipts(text_of(path))]
    found = check_receipts(receipts, keys, map(text_of, held))
    if as_json:
        typer.echo(orjson.dumps({"receipts": found}).decode())
    else:
        for one in found:
            typer.echo(f"{_receipt_verdict(one)} {one.position}: {one.detail}")
    if any(one.refuted for one in found):
        return TAMPERED
    return SOUND if all(one.holds for one in found) else UNPROVEN


def _receipt_verdict(one: Proved) -> str:
    return "REFUTED" if one.refuted else "proved" if one.holds else "not proved"


def _print(report: Report) -> None:
    for damage in report.damages[:DAMAGES_SHOWN]:
        typer.echo(_sentence(damage))
    if len(report.damages) > DAMAGES_SHOWN:
        typer.echo(f"and {len(report.damages) - DAMAGES_SHOWN} more; --json names them all")
    for name, size in report.witnessed.items():
        typer.echo(f"{name} has cosigned up to {size}" if size else f"{name} has cosigned nothing")
    verdict = VERDICTS.get(report.exit_status, "THE LOG WAS TAMPERED WITH")
    typer.echo(
        f"{report.events} events, {report.sealed} proved by {report.checkpoints} checkpoints:"
        f" {verdict}"
    )


def _sentence(damage: Damage) -> str:
    where = f"{damage.first}" + ("" if damage.last == damage.first else f" to {damage.last}")
    event = f", {damage.topic} {damage.event_id}" if damage.event_id else ""
    return f"{damage.kind} at {where}{event}: {damage.detail}"


def _signer(settings: Settings) -> FileLogSigner:
    if settings.seal_key_file is None and not settings.in_development:
        raise SettingsError("MCLEDGER_SEAL_KEY_FILE is not set")
    return FileLogSigner(settings.seal_keys, settings.seal_origin)


def _trusted(keys: Path | None) -> tuple[TrustedKey, ...]:
    if keys is None:
        return _signer(read_settings()).trusted
    return parse_trusted_keys(text_of(keys))


def _reading() -> psycopg.Connection:
    info = connection_info(local_postgres.url(), Role.AUDIT)
    return psycopg.connect(info, autocommit=True)
