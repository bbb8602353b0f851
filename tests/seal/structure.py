"""Writes ledger/seal/structure.json anew, after a migration: `python -m tests.seal.structure`."""

from __future__ import annotations

import secrets
from pathlib import Path

import psycopg

from ledger.seal.structure import FILE_NAME, written
from ledger.store import head_level, migrate
from tests.database import ROOT, Server

PATH: Path = ROOT / "ledger" / "seal" / FILE_NAME


def main() -> None:
    server = Server(secrets.token_hex(4))
    try:
        server.prepare(migrate)
        with (
            server.database(server.template) as url,
            psycopg.connect(url, autocommit=True) as connection,
        ):
            PATH.write_text(written(connection, head_level()), "utf-8")
    finally:
        server.sweep()


if __name__ == "__main__":
    main()
