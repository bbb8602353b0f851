"""Whatever dies, nothing acknowledged is lost, nothing happens twice, and all views come right.

The seed is printed; `KILL_SEED` plays one again. What the threads and the processes make of it
differs from run to run, so a seed repeats the faults and their order, not each interleaving.
"""

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from threading import Event

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from pydantic import SecretStr

from api.demo.catalog import CREDENTIALS
from api.local_postgres import Cluster
from api.settings import Settings
from ledger import store
from projections import setup
from projections.database import Database
from projections.rebuild import rebuild
from projections.registry import PROJECTIONS
from tests.api.world import World
from tests.kill.checker import Operation, Recorded, check, save
from tests.kill.clients import Cast, Client, Offer
from tests.kill.processes import FAULTS, System, administrator, hurt, kill_api

CLIENTS = 16
OFFERED = 3
READY_SECONDS_MAX = 10.0  # after PostgreSQL is back
START_SECONDS_MAX = 60.0  # of a new API process, on a machine that is busy otherwise
LAG_SECONDS_MAX = 30.0
EVIDENCE_OPENED = 20
SERVER_ERROR = 500  # whatever dies, the API knows what to say of it


@pytest.fixture
def system(cluster: Cluster, tmp_path: Path) -> Iterator[System]:
    """PostgreSQL, the API and the projector, each a process of its own."""
    url = cluster.start("mcledger")
    store.migrate(url)
    setup.migrate(url)
    environment = {
        "DATABASE_URL": url,
        "MCLEDGER_ENVIRONMENT": "development",
        "MCLEDGER_ROOT_KEY_FILE": str(tmp_path / "root-keys"),
        "MCLEDGER_EVIDENCE_FOLDER": str(tmp_path / "evidence"),
    }
    running = System(cluster, environment, tmp_path)
    yield running
    running.stop()


@pytest.fixture
def settings(system: System, tmp_path: Path) -> Settings:
    """As the processes have them."""
    return Settings(
        environment="development",
        database_url=SecretStr(system.cluster.url("mcledger")),
        root_key_file=tmp_path / "root-keys",
        evidence_folder=tmp_path / "evidence",
    )


def test_five_kills_lose_and_double_nothing(system: System, settings: Settings) -> None:
    play(system, settings, kills=5)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_sixty_kills_lose_and_double_nothing(system: System, settings: Settings) -> None:
    play(system, settings, kills=60)


def play(system: System, settings: Settings, *, kills: int) -> None:
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(2**32))
    tell(f"KILL_SEED={seed}")
    system.wait_until_ready(30)
    cast = set_the_stage(system, settings)
    known = frozenset(row.command_id for row in read_log(system.cluster))
    clients, recoveries = load_and_kill(system, cast, seed, kills)
    operations = sorted((o for c in clients for o in c.operations), key=lambda o: o.begun)
    save(operations, system.folder / "history.jsonl")
    report(operations, recoveries)
    broken = [operation for operation in operations if operation.code == SERVER_ERROR]
    assert not broken, f"{broken[:3]}\n{system.tail()}"
    found = check(operations, read_log(system.cluster), known)
    assert not found, f"{len(found)} violations, the first of them {found[:5]}"
    lag_seconds = seconds_until(lambda: lag(system.cluster) == 0, LAG_SECONDS_MAX)
    tell(f"lag gone after {lag_seconds:.1f} s")
    open_evidence(system, clients, random.Random(seed))
    assert_views_equal_a_rebuild(system)


def set_the_stage(system: System, settings: Settings) -> Cast:
    """A district, an issuer, three micro-credentials with two assessors each."""
    with World(settings) as world:
        district, issuer = world.district(), world.issuer()
        credentials = {}
        for number, sample in enumerate(CREDENTIALS[:OFFERED]):
            credential = issuer.credential(number)
            assessors = issuer.assessors(credential, district)
            credentials[credential] = Offer(tuple(assessors), sample.evidence)
        return Cast(
            settings=settings,
            port=system.port,
            district_id=district.id,
            office=district.office,
            approver=issuer.approver,
            credentials=credentials,
        )


def load_and_kill(
    system: System, cast: Cast, seed: int, kills: int
) -> tuple[list[Client], list[tuple[str, float]]]:
    """The load with its faults, until every client knows the outcome of all it has sent."""
    dice, over = random.Random(seed), Event()
    clients = [Client(n, cast, random.Random(seed + n + 1), over) for n in range(CLIENTS)]
    recoveries = []
    for client in clients:
        client.start()
    try:
        for _ in range(kills):
            time.sleep(dice.uniform(0.3, 1.5))
            fault = dice.choice(FAULTS)
            hurt(system, fault, dice)
            system.restart_server()
            limit = START_SECONDS_MAX if fault is kill_api else READY_SECONDS_MAX
            recoveries.append((fault.__name__, system.wait_until_ready(limit)))
        time.sleep(1)
    finally:
        over.set()
        for client in clients:
            client.join()
    failures = [client.failure for client in clients if client.failure]
    assert not failures, f"{failures}\n{system.tail()}"
    return clients, recoveries


def tell(words: str) -> None:
    """Shown by pytest when the test fails, or with -s."""
    sys.stdout.write(f"{words}\n")


def report(operations: list[Operation], recoveries: list[tuple[str, float]]) -> None:
    statuses = Counter(operation.status for operation in operations if operation.command_id)
    tell(f"{dict(statuses)} of {len({o.command_id for o in operations})} commands")
    tell(f"codes {dict(Counter(operation.code for operation in operations))}")
    for fault, seconds in recoveries:
        tell(f"{fault}: ready after {seconds:.1f} s")


def open_evidence(system: System, clients: list[Client], dice: random.Random) -> None:
    """Some of the files that were acknowledged come back as they were handed in."""
    handed_in = [(client, *one) for client in clients for one in client.evidence]
    for client, teacher, path, content in dice.sample(
        handed_in, min(EVIDENCE_OPENED, len(handed_in))
    ):
        connection = HTTPConnection("127.0.0.1", system.port, timeout=10)
        connection.request(
            "GET", path, headers={"Authorization": f"Bearer {client.token(teacher)}"}
        )
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, content)
        connection.close()


def assert_views_equal_a_rebuild(system: System) -> None:
    """Every row of every view comes out the same when it is made again from the log alone."""
    live = read_views(system.cluster)
    assert live.pop("parked") == []
    rebuild(Database(system.cluster.url("mcledger")), PROJECTIONS)
    rebuilt = read_views(system.cluster)
    for name, rows in live.items():
        assert rows == rebuilt[name], f"{name} is not what the log makes it"
    assert len(live["transcript_lines"]) > 0


def read_views(cluster: Cluster) -> dict[str, list[str]]:
    """All rows of all views, as text, sorted."""
    with administrator(cluster) as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'ledger_read'"
        ).fetchall()
        return {
            str(name): [
                str(row)
                for (row,) in connection.execute(
                    SQL("SELECT t::text FROM ledger_read.{} t ORDER BY 1").format(Identifier(name))
                )
            ]
            for (name,) in names
        }


def seconds_until(come: Callable[[], bool], seconds_max: float) -> float:
    begun = time.monotonic()
    while not come():
        assert time.monotonic() - begun < seconds_max, f"not so after {seconds_max} s"
        time.sleep(0.1)
    return time.monotonic() - begun


def lag(cluster: Cluster) -> int:
    """How many events the last of the projections has still to see."""
    with administrator(cluster) as connection:
        [(behind,)] = connection.execute(
            "SELECT (SELECT max(notification_id) FROM ledger.ledger_events)"
            " - (SELECT min(position) FROM ledger_read.bookmarks)"
        ).fetchall()
    return int(behind)


def read_log(cluster: Cluster) -> list[Recorded]:
    """The whole log as the checker takes it."""
    with psycopg.connect(cluster.url("mcledger")) as connection:
        rows = connection.execute(
            "SELECT notification_id, originator_id::text, originator_version, topic,"
            " command_id::text, command_index, extract(epoch FROM recorded_at)::float8"
            " FROM ledger.ledger_events ORDER BY notification_id"
        ).fetchall()
    return [Recorded(*row) for row in rows]
