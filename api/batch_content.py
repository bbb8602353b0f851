"""What is in the files of a batch: lines as they are frozen, and as a layout shows them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import orjson

from api import batch_files
from api.batch_files import Envelope
from api.edge import Edge
from api.exports.layout import Layout
from api.exports.records import Beside, Policy, dollars, of_all, parsed, records_of, to_bytes
from ledger.aggregates.batch import Batch
from ledger.aggregates.organization import Organization
from ledger.commands.batch_lines import LineRow
from ledger.commands.merge import merges
from ledger.events import LedgerEvent
from ledger.rules.payroll import hash_total
from ledger.store import EVERYTHING
from projections import line_facts


def frozen(edge: Edge, batch: Batch, rows: Sequence[LineRow]) -> list[bytes]:
    """The lines as they are frozen, behind their sums and what chains them to those before."""
    beside = _beside(edge, batch, rows)
    numbers = beside.employee_numbers
    content = to_bytes(records_of(rows, beside))
    envelope = {
        "line_count": len(rows),
        "hash_total": hash_total(numbers[row["person_id"]] for row in rows),
        "sha256": hashlib.sha256(content).hexdigest(),
        "previous_batch_sha256": batch_files.previous_sha256(edge, batch),
        "of_all": of_all(batch, counted=bool(beside.counted)),
    }
    return [orjson.dumps(envelope), b"\n", content]


def _beside(edge: Edge, batch: Batch, rows: Sequence[LineRow]) -> Beside:
    """Numbers and positions by the ids that the rows have: of a merged record the kept one's."""
    person_of = merges(edge.ledger).person_of
    meant = {text: person_of(UUID(text)) for text in {row["person_id"] for row in rows}}
    persons, district_id = set(meant.values()), batch.district_id
    numbers = edge.vault.employee_numbers(persons, district_id)
    through = batch.drafted.through_position
    edge.visible(line_facts.VIEWS, through)
    with edge.reading([EVERYTHING]) as connection:
        held = line_facts.positions_held(connection, district_id, persons)
        entitlement_ids = {row["entitlement_id"] for row in rows}
        evidence = line_facts.evidence_hashes(connection, entitlement_ids, through=through)
        counted = line_facts.counted(connection, entitlement_ids, through=through)
    return Beside(
        employee_numbers={text: numbers[one] for text, one in meant.items() if one in numbers},
        policies=_policies(edge, rows),
        positions={text: held.get(one, []) for text, one in meant.items()},
        evidence=evidence,
        counted=counted,
    )


def _policies(edge: Edge, rows: Iterable[LineRow]) -> dict[tuple[str, int], Policy]:
    """What each version of a policy is called and who adopted it, whatever kind of policy."""
    found = {}
    for policy_id in {row["policy_id"] for row in rows}:
        for event in edge.ledger.events.get(UUID(policy_id)):
            version = getattr(event, "policy_version", None)
            if version is not None:
                title = getattr(getattr(event, "terms", None), "title", "")
                found[policy_id, version] = Policy(getattr(event, "board_reference", ""), title)
    return found


def rendered(edge: Edge, batch: Batch, chosen: Layout, at: datetime) -> list[bytes]:
    """The frozen lines in a layout, behind what there is to say of them."""
    assert batch.file is not None, "a closed batch was frozen"
    frozen, pieces = batch_files.open_file(edge, batch, batch.file)
    # Files that were frozen before this was put in front of the lines have it in each.
    shared = frozen.get("of_all", {}) | {"approver": " ".join(map(str, batch.approvers))}
    records = parsed(batch_files.lines(pieces))
    content = list(chosen.render(records, shared))
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    district = edge.ledger.get(Organization, batch.district_id)
    envelope = _envelope(batch, district, chosen) | {
        "hash_total": frozen["hash_total"],
        "sha256": digest.hexdigest(),
        "lines_sha256": frozen["sha256"],
        "previous_batch_sha256": frozen["previous_batch_sha256"],
        "exported_at": at.isoformat(),
    }
    return [orjson.dumps(envelope), b"\n", *content]


def _envelope(batch: Batch, district: Organization, chosen: Layout) -> Envelope:
    drafted = batch.drafted
    return {
        "batch_no": drafted.number,
        "batch_id": str(batch.id),
        "district_id": str(batch.district_id),
        "district": district.name,
        "pay_period": drafted.pay_date.isoformat(),
        "status": "closed",
        "through_position": drafted.through_position,
        "layout": chosen.name,
        "layout_version": chosen.version,
        "line_count": drafted.line_count,
        "sum_amount": orjson.Fragment(dollars(drafted.sum_cents)),
        "sum_positive": orjson.Fragment(dollars(drafted.positive_cents)),
        "sum_negative": orjson.Fragment(dollars(drafted.negative_cents)),
        "prepared": [_signed(drafted)],
        "approved": [_signed(one) for one in batch.approvals],
    }


def _signed(event: LedgerEvent) -> dict[str, str]:
    return {"by": str(event.actor_id), "at": event.occurred_at.isoformat()}
