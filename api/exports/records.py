"""One line of a batch with everything a payroll system may ask for: the canonical record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import orjson

from ledger.aggregates.batch import Batch
from ledger.commands.batch_lines import LineRow
from ledger.errors import RuleError

CURRENCY = "USD"
# In the order of the canonical file. Whatever a layout shows has one of these names.
FIELDS = (
    "batch_no",
    "line_no",
    "line_id",
    "attempt",
    "kind",
    "district_id",
    "employee_no",
    "employee_key_type",
    "position",
    "earning_code",
    "units",
    "rate",
    "amount",
    "currency",
    "earned_from",
    "earned_to",
    "pay_date_requested",
    "tax_year",
    "supplemental_wage",
    "pensionable",
    "fund_source",
    "account_string",
    "cost_split",
    "policy_id",
    "policy_version",
    "award_id",
    "entitlement_id",
    "reverses_line_id",
    "original_pay_date",
    "original_tax_year",
    "board_ref",
    "approver",
    "evidence_hash",
    "memo",
)
NO_ORIGINAL = {"line_id": None, "pay_date": None, "tax_year": None}
Record = dict[str, Any]  # by the names above, beside `company_code` and `batch_code`


class EmployeeNumberMissingError(RuleError):
    """The district has no employee number of somebody who is to be paid."""

    slug = "employee-number-missing"


class Policy(NamedTuple):
    """What a line says of the policy that it is paid by."""

    board_reference: str
    title: str


def records_of(
    rows: Sequence[LineRow],
    employee_numbers: Mapping[str, str],
    policies: Mapping[tuple[str, int], Policy],
) -> Iterator[Record]:
    """The lines of a batch, by employee number, account and id; amounts in integer cents.

    What all of them say alike is left to `of_all`: frozen, it would be half of each line.

    Raises:
        EmployeeNumberMissingError: says whose, by their ids.
    """
    missing = sorted(
        {row["person_id"] for row in rows if not employee_numbers.get(row["person_id"])}
    )
    if missing:
        raise EmployeeNumberMissingError(
            f"{len(missing)} persons have no employee number, the first of them {missing[0]}",
            persons=missing,
        )
    ordered = sorted(
        rows,
        key=lambda row: (employee_numbers[row["person_id"]], row["account"] or "", row["line_id"]),
    )
    for number, row in enumerate(ordered, 1):
        policy = policies.get((row["policy_id"], row["policy_version"]), Policy("", ""))
        yield _of_line(number, row, employee_numbers[row["person_id"]], policy)


def batch_code(prefix: str, pay_date: date) -> str:
    """A short name for the batch, unique by its pay date: MC241115."""
    return f"{prefix}{pay_date:%y%m%d}"


def of_all(batch: Batch) -> Record:
    """What every record of a batch says alike."""
    drafted = batch.drafted
    return {
        "batch_no": drafted.number,
        "district_id": str(batch.district_id),
        "employee_key_type": "employee_number",
        "position": None,
        "units": None,
        "rate": None,
        "currency": CURRENCY,
        "pay_date_requested": drafted.pay_date.isoformat(),
        "tax_year": drafted.pay_date.year,
        "supplemental_wage": True,
        "cost_split": None,
        "evidence_hash": None,
        "company_code": drafted.company_code,
        "batch_code": batch_code(drafted.batch_prefix, drafted.pay_date),
    }


def _of_line(number: int, row: LineRow, employee_number: str, policy: Policy) -> Record:
    original = row["original"] or NO_ORIGINAL
    return {
        "line_no": number,
        "line_id": row["line_id"],
        "attempt": row["attempt"],
        "kind": row["kind"].upper(),
        "employee_no": employee_number,
        "earning_code": row["earning_code"],
        "amount": row["amount_cents"],
        "earned_from": row["earned_on"],
        "earned_to": row["earned_on"],
        "pensionable": row["pensionable"],
        "fund_source": row["fund_source"],
        "account_string": row["account"],
        "policy_id": row["policy_id"],
        "policy_version": row["policy_version"],
        "award_id": row["subject_id"],
        "entitlement_id": row["entitlement_id"],
        "reverses_line_id": original["line_id"],
        "original_pay_date": original["pay_date"],
        "original_tax_year": original["tax_year"],
        "board_ref": policy.board_reference,
        "memo": policy.title,
    }


def to_bytes(records: Iterable[Record]) -> bytes:
    """As they are frozen: one JSON object a line, amounts in cents."""
    return b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in records)


def whole(records: Iterable[Record], shared: Record) -> Iterator[Record]:
    """The records with what all of them say alike, and what was not known when they were frozen."""
    for record in records:
        record.update(shared)
        yield record
