"""The limit of the database alone: pgbench commits the same rows one by one, in no order."""

import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from benchmarks.machine import binary, host_of

TABLE = """
CREATE TABLE plain_events (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    notification_id bigserial NOT NULL UNIQUE,
    recorded_at timestamptz NOT NULL,
    command_id uuid NOT NULL,
    command_index integer NOT NULL,
    body_hash bytea,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE UNIQUE INDEX ON plain_events (command_id) WHERE command_index = 0;
"""
INSERT = """
INSERT INTO plain_events (originator_id, originator_version, topic, state, recorded_at,
                          command_id, command_index, body_hash)
VALUES (gen_random_uuid(), 1, '{topic}', '\\x{state}', clock_timestamp(),
        gen_random_uuid(), 0, '\\x{body_hash}');
"""


def create_table(url: str) -> None:
    """The log's columns and indexes without its order."""
    with psycopg.connect(url) as connection:
        connection.execute(TABLE)


def commits_per_second(
    url: str, *, clients: int, seconds: float, topic: str, state: bytes
) -> float:
    """What pgbench reports for so many clients on two threads."""
    script = INSERT.format(topic=topic, state=state.hex(), body_hash=bytes(32).hex())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "insert.sql"
        file.write_text(script)
        command = [
            binary("pgbench"),
            "--no-vacuum",
            "--protocol=prepared",
            f"--client={clients}",
            "--jobs=2",
            f"--time={max(1, round(seconds))}",
            f"--file={file}",
            f"--host={host_of(url)}",
            "--port=5432",
            f"--username={urlsplit(url).username}",
            urlsplit(url).path.strip("/"),
        ]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"tps = ([0-9.]+)", said)
    assert found, said
    return float(found[1])
