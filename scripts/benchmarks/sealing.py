"""Sealing and verifying a whole log, and what sealing costs those who append meanwhile."""

import hashlib
import multiprocessing
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

import psycopg
from psycopg.types.string import ByteaBinaryLoader

from benchmarks import ours
from benchmarks.data import sample_state
from benchmarks.machine import Bench
from benchmarks.measure import Contest, Row, percentile, seconds_of, slowest_ms
from ledger.seal.keys import FileLogSigner, LastSigned
from ledger.seal.merkle import inclusion_holds
from ledger.seal.notes import Checkpoint, Note
from ledger.seal.reads import DatabaseLog, SealReads
from ledger.seal.sealer import Sealer, give_way
from ledger.seal.tiles import Edge
from ledger.seal.verify import verify
from ledger.store import Role, connection_info

ORIGIN = "bench.example/log"
PAGE_EVENTS = 8192
PROOFS = 400
OFFERED_PER_SECOND = 1_000
WARM_UP_SECONDS = 1.0
CLIENTS = 16


def sealer(url: str, folder: Path) -> Sealer:
    """As `mcledger seal` has it."""
    return Sealer(
        connection_info(url, Role.PROJECT),
        FileLogSigner(folder / "keys", ORIGIN),
        LastSigned(folder / "last"),
    )


def unseal(url: str) -> None:
    """Forget the seal, so that the next round begins with nothing."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in ("seal_tiles", "seal_checkpoints"):
            connection.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER append_only")
            connection.execute(f"TRUNCATE ledger.{table}")
            connection.execute(f"ALTER TABLE ledger.{table} ENABLE ALWAYS TRIGGER append_only")


def seal_all(url: str, folder: Path) -> None:
    """Seal everything there is."""
    one = sealer(url, folder)
    with closing(one.connect()) as connection:
        one.catch_up(connection)


def hash_all(url: str, events: int) -> None:
    """The same columns as the same bytes, in the same pages, and SHA-256 over each row's state."""
    with psycopg.connect(url) as connection, connection.cursor(binary=True) as cursor:
        for name in ("timestamptz", "uuid", "text"):
            cursor.adapters.register_loader(name, ByteaBinaryLoader)
        for first in range(1, events + 1, PAGE_EVENTS):
            rows = cursor.execute(
                "SELECT notification_id, recorded_at, command_id, originator_id,"
                " originator_version, topic, state FROM ledger.ledger_events"
                " WHERE notification_id BETWEEN %s AND %s ORDER BY notification_id",
                [first, first + PAGE_EVENTS - 1],
            ).fetchall()
            for row in rows:
                hashlib.sha256(row[6]).digest()


@contextmanager
def sealing(bench: Bench) -> Iterator[Contest]:
    """Seal a whole log; beside it, read and hash the same bytes once."""
    events = bench.size(100_000, 20_000)
    with ours.filled(bench, events) as url, tempfile.TemporaryDirectory() as folder:

        def mine() -> float:
            unseal(url)
            (Path(folder) / "last").unlink(missing_ok=True)
            return events / seconds_of(lambda: seal_all(url, Path(folder)))

        peer = {"SHA-256 of each row": lambda: events / seconds_of(lambda: hash_all(url, events))}
        yield Contest(mine, peer)
        unseal(url)


@contextmanager
def verifying(bench: Bench) -> Iterator[Contest]:
    """Verify a whole log, tree and checkpoints included; beside it, read and hash it once."""
    events = bench.size(100_000, 20_000)
    with ours.filled(bench, events) as url, tempfile.TemporaryDirectory() as folder:
        unseal(url)
        seal_all(url, Path(folder))
        keys = FileLogSigner(Path(folder) / "keys", ORIGIN).trusted

        def check() -> None:
            with psycopg.connect(connection_info(url, Role.READ), autocommit=True) as connection:
                report = verify(DatabaseLog(connection), keys)
                assert (report.exit_status, report.sealed) == (0, events), report

        peer = {"SHA-256 of each row": lambda: events / seconds_of(lambda: hash_all(url, events))}
        yield Contest(lambda: events / seconds_of(check), peer)
        unseal(url)


@contextmanager
def proving(bench: Bench) -> Iterator[Contest]:
    """One inclusion proof out of a log of ten million leaves, made of the tiles in the database."""
    leaves = bench.size(10_000_000, 500_000)
    with ours.database(bench) as url, tempfile.TemporaryDirectory() as folder:
        root = plant(url, Path(folder), leaves)
        with psycopg.connect(connection_info(url, Role.READ), autocommit=True) as connection:
            reads = SealReads(connection)

            def mine() -> float:
                spots = [1 + leaves * number // PROOFS for number in range(PROOFS)]
                taken = [seconds_of(lambda at=at: reads.proof(at)) for at in spots]
                for at in spots:
                    assert inclusion_holds(leaf(at), at - 1, leaves, reads.proof(at).hashes, root)
                return percentile(taken, 0.5) * 1000

            yield Contest(mine)


def leaf(position: int) -> bytes:
    """A leaf's hash. A proof is made of the tree alone, so nothing has to stand behind it."""
    return hashlib.sha256(position.to_bytes(8, "big")).digest()


def plant(url: str, folder: Path, leaves: int) -> bytes:
    """A signed tree of so many leaves, in pieces as a busy log's are, and its root."""
    edge = Edge()
    with psycopg.connect(url) as connection:
        copy = "COPY ledger.seal_tiles (level, number, start, hashes) FROM STDIN"
        with connection.cursor().copy(copy) as rows:
            while edge.size < leaves:
                last = min(edge.size + OFFERED_PER_SECOND, leaves)  # what comes within a second
                for piece in edge.append(b"".join(map(leaf, range(edge.size + 1, last + 1)))):
                    rows.write_row(piece)
        text = Checkpoint(ORIGIN, edge.size, edge.root).text()
        note = str(Note(text, (FileLogSigner(folder / "keys", ORIGIN).sign(text),)))
        add = "INSERT INTO ledger.seal_checkpoints (size, note) VALUES (%s, %s)"
        connection.execute(add, [leaves, note])
    return edge.root


@contextmanager
def appending(bench: Bench) -> Iterator[Contest]:
    """Appends at 1,000 a second, with a process that seals them beside, and without.

    A percentile of that kind is the disk's more than anybody's: a checkpoint of PostgreSQL in one
    stretch and not in the other outweighs whatever sealing does. So each stretch, of either side,
    begins right after one, and with a second of the same load that is not counted.
    """
    seconds = 4.0 if bench.quick else 10.0
    state = sample_state()
    with (
        ours.database(bench) as url,
        ours.recorder(url) as recorder,
        tempfile.TemporaryDirectory() as folder,
    ):
        acts = [ours.one_event(recorder, state) for _ in range(CLIENTS)]

        def alone() -> float:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CHECKPOINT")
            slowest_ms(acts, OFFERED_PER_SECOND, WARM_UP_SECONDS, 0.99)
            return slowest_ms(acts, OFFERED_PER_SECOND, seconds, 0.99)

        def sealed() -> float:
            seal_all(url, Path(folder))
            spawn = multiprocessing.get_context("spawn")
            runs = spawn.Event()
            other = spawn.Process(target=follow, args=(url, folder, runs), daemon=True)
            other.start()
            # To load its code takes a processor for longer than any append may.
            assert runs.wait(timeout=60), "nothing seals"
            try:
                return alone()
            finally:
                other.terminate()
                other.join()

        yield Contest(sealed, {"the same without sealing": alone})


def follow(url: str, folder: str, runs: Event) -> None:
    """Seal until stopped; says when everything is loaded."""
    one = sealer(url, Path(folder))
    with closing(one.connect()) as connection:
        one.catch_up(connection)
    give_way()  # as `mcledger seal` does
    runs.set()
    one.run(threading.Event())


ROWS = (
    Row("sealing beside SHA-256 of the same rows", "events/s", "higher", sealing, floor=0.2),
    Row("verify beside SHA-256 of the same rows", "events/s", "higher", verifying, floor=0.4),
    Row("inclusion proof from ten million leaves, p50", "ms", "lower", proving, floor=10),
    Row("append p99 with sealing, 1,000/s offered", "ms", "lower", appending, floor=1.5),
)
