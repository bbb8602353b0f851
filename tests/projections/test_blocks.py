"""Every named block is used, and every read finds its rows by an index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import projections
from projections.log import Shard
from projections.sql import blocks
from tests.database import Server
from tests.projections.logs import Log, a_log
from tests.projections.test_rebuild import many
from tests.samples import CREDENTIAL, DISTRICT, ISSUER, STACK

PACKAGE = Path(projections.__file__).parent
ID = UUID(int=0)
PAGE = {"after": 5, "until": 9, "limit": 10, "passed_over": ["person.registered.v1"]}
READS: dict[str, dict[str, dict[str, Any]]] = {
    "catalog": {
        "load_credentials": {"ids": [CREDENTIAL]},
        "load_issuers": {"ids": [ISSUER]},
        "load_stacks": {"ids": [STACK]},
        "search": {
            "after_title": "",
            "after_id": ID,
            "status": "published",
            "issuer_id": None,
            "framework": None,
            "focus_area": None,
            "audience": None,
            "evidence_kind": None,
            "needs_students": None,
            "hours_max": None,
            "counts_in": None,
            "rates": "[]",
            "stack_id": None,
            "proposed": None,
            "answers": None,
            "approved_by": None,
            "approvals": "[]",
            "words": None,
            "limit": 50,
        },
        "credentials": {"credential_ids": [CREDENTIAL]},
        "versions": {"credential_ids": [CREDENTIAL]},
        "version": {"credential_id": CREDENTIAL, "credential_version": 1},
        "titles": {"rows": "[]"},
        "issuer": {"issuer_id": ISSUER},
        "issuers": {"after": ID, "limit": 50},
        "stack": {"stack_id": STACK},
        "stacks": {"after_title": "", "after_id": ID, "limit": 50},
    },
    "transcript": {
        "load": {"enrollment_ids": [ID]},
        "of_person": {"person_id": ID, "after": 0, "limit": 50},
        "of_persons": {"person_ids": [ID]},
        "of_enrollment": {"enrollment_id": ID},
    },
    "reviews": {
        "load": {"enrollment_ids": [ID]},
        "load_issuers": {"issuer_ids": [ISSUER]},
        "issuers_to_recount": {},
        "running_of_issuer": {"issuer_id": ISSUER},
        "queue": {
            "issuer_id": ISSUER,
            "after_due": date.min,
            "after_id": ID,
            "acts_next": None,
            "credential_id": None,
            "limit": 50,
        },
        "standing": {"issuer_id": ISSUER},
        "worklist": {"assessor_ids": [ID]},
        "review": {"enrollment_id": ID},
    },
    "reviews_of_record": {
        "awards_turned": {"issuer_id": ISSUER},
        "assessor_streams": {"person_ids": [ID]},
        "scores": {"assessor_ids": [ID], "credential_ids": [CREDENTIAL], "until": 9},
    },
    "history": {
        "of_person": {"person_id": ID, "after": 0, "until": 9, "limit": 50},
        "positions": {"person_ids": [ID], "kinds": ["enrollment"], "until": 9},
    },
    "employments": {
        "load": {"employment_ids": [ID]},
        "load_organizations": {"organization_ids": [DISTRICT]},
        "of_person": {"person_id": ID},
        "of_district": {
            "district_id": DISTRICT,
            "after_person": ID,
            "after_employment": ID,
            "from_day": date.min,
            "to_day": date.max,
            "limit": 50,
        },
        "spans": {"person_id": ID, "district_id": DISTRICT},
        "spans_of_persons": {"person_ids": [ID], "district_id": DISTRICT},
        "organizations": {"district_id": DISTRICT},
        "districts": {},
    },
    "renewals": {
        "load": {"ids": [ID]},
        "load_credits": {"ids": [ID]},
        "load_rules": {"ids": [ID]},
        "load_approvals": {"ids": [ID]},
        "approvals_of_persons": {"person_ids": [ID], "until": 9},
        "of_persons": {"person_ids": [ID]},
        "credits_of_persons": {"person_ids": [ID]},
        "license": {"license_id": ID},
        "persons_of_district": {"district_id": DISTRICT, "after": ID, "limit": 50},
        "awards_of_persons": {"person_ids": [ID]},
    },
    "log": {
        "page": PAGE,
        "page_of_share": {**PAGE, **Shard(0, 2).span},
        "at_positions": {"positions": [1, 2]},
        "of_streams": {"streams": [ID], "until": 9},
        "merges": {"stream": ID, "topic": "merge.persons-merged.v1", "until": 9},
        "last_position": {},
        "recorded": {"command_ids": [ID], "until": 9},
        "recorded_at": {"position": 4},
    },
}
CASES = [(name, block) for name, found in READS.items() for block in found]


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        log.fill(many(60))
        log.catch_up()
        log.owner.execute("VACUUM (ANALYZE)")
        log.owner.execute("SET search_path = ledger_read, ledger")
        # Few rows are read fastest one after the other; what counts is that there is another way.
        log.owner.execute("SET enable_seqscan = off")
        yield log


@pytest.mark.parametrize(("name", "block"), CASES)
def test_a_read_finds_its_rows_by_an_index(log: Log, name: str, block: str) -> None:
    plan = log.owner.execute(f"EXPLAIN {blocks(name)[block]}", READS[name][block]).fetchall()
    text = "\n".join(line for (line,) in plan)
    assert "Seq Scan" not in text, text
    assert re.search(r"Index|Function Scan|Bitmap", text), text


@pytest.mark.parametrize("name", sorted(READS))
def test_every_read_is_looked_at(name: str) -> None:
    """But for those over a whole table that is small by nature."""
    over_all = {"catalog": {"facets"}, "renewals": {"rules", "classes"}}.get(name, set())
    reads = {block for block, sql in blocks(name).items() if _code(sql).startswith("SELECT")}
    assert reads - over_all == READS[name].keys()


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.sql")), ids=lambda path: path.name)
def test_every_block_is_used(path: Path) -> None:
    code = "\n".join(source.read_text() for source in PACKAGE.glob("*.py"))
    assert {block for block in blocks(path.stem) if not _is_named(block, code)} == set()


def _is_named(block: str, code: str) -> bool:
    """Whole, or as f"load_{table}" or f"{what}_of_person", the rest being named elsewhere."""
    if f'"{block}"' in code or f"'{block}'" in code:
        return True
    first, _, rest = block.partition("_")
    begun = re.search(rf'f"{first}_\{{\w+\}}"', code) and f'"{rest}"' in code
    ended = re.search(rf'f"\{{\w+\}}_{rest}"', code) and f'"{first}"' in code
    return bool(begun or ended)


def _code(sql: str) -> str:
    return "\n".join(line for line in sql.splitlines() if not line.startswith("--")).strip()
