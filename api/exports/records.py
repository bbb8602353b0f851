"""One line of a batch with everything a payroll system may ask for: the canonical record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from ledger.aggregates.batch import Batch
from ledger.errors import RuleError
from ledger.events.batch import BatchLine

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
Record = dict[str, Any]  # by the names above, beside `company_code` and `batch_code`


class EmployeeNumberMissingError(RuleError):
    """The district has no employee number of somebody who is to be paid."""

    slug = "employee-number-missing"


class Policy(NamedTuple):
    """What a line says of the policy that it is paid by."""

    board_reference: str
    title: str


def records_of(
    batch: Batch,
    employee_numbers: Mapping[UUID, str],
    policies: Mapping[tuple[UUID, int], Policy],
) -> list[Record]:
    """The lines of a batch, by employee number, account and id; amounts in integer cents.

    Raises:
        EmployeeNumberMissingError: says whose, by their ids.
    """
    missing = sorted(
        {str(one.person_id) for one in batch.lines.values()}
        - {str(person_id) for person_id, number in employee_numbers.items() if number}
    )
    if missing:
        raise EmployeeNumberMissingError(
            f"{len(missing)} persons have no employee number, the first of them {missing[0]}",
            persons=missing,
        )
    ordered = sorted(
        batch.lines.values(),
        key=lambda line: (employee_numbers[line.person_id], line.account or "", line.line_id),
    )
    return [
        _record(batch, number, line, employee_numbers[line.person_id], policies)
        for number, line in enumerate(ordered, 1)
    ]


def batch_code(prefix: str, pay_date: date) -> str:
    """A short name for the batch, unique by its pay date: MC241115."""
    return f"{prefix}{pay_date:%y%m%d}"


def _record(
    batch: Batch,
    number: int,
    line: BatchLine,
    employee_number: str,
    policies: Mapping[tuple[UUID, int], Policy],
) -> Record:
    drafted, original = batch.drafted, line.original
    policy = policies.get((line.policy_id, line.policy_version), Policy("", ""))
    return {
        "batch_no": drafted.number,
        "line_no": number,
        "line_id": str(line.line_id),
        "attempt": line.attempt,
        "kind": line.kind.upper(),
        "district_id": str(batch.district_id),
        "employee_no": employee_number,
        "employee_key_type": "employee_number",
        "position": None,
        "earning_code": line.earning_code,
        "units": None,
        "rate": None,
        "amount": line.amount_cents,
        "currency": CURRENCY,
        "earned_from": line.earned_on.isoformat(),
        "earned_to": line.earned_on.isoformat(),
        "pay_date_requested": drafted.pay_date.isoformat(),
        "tax_year": drafted.pay_date.year,
        "supplemental_wage": True,
        "pensionable": line.pensionable,
        "fund_source": line.fund_source,
        "account_string": line.account,
        "cost_split": None,
        "policy_id": str(line.policy_id),
        "policy_version": line.policy_version,
        "award_id": str(line.subject_id),
        "entitlement_id": str(line.entitlement_id),
        "reverses_line_id": str(original.line_id) if original else None,
        "original_pay_date": original.pay_date.isoformat() if original else None,
        "original_tax_year": original.tax_year if original else None,
        "board_ref": policy.board_reference,
        "approver": None,
        "evidence_hash": None,
        "memo": policy.title,
        "company_code": drafted.company_code,
        "batch_code": batch_code(drafted.batch_prefix, drafted.pay_date),
    }


def to_bytes(records: Iterable[Record]) -> bytes:
    """As they are frozen: one JSON object a line, amounts in cents."""
    return b"".join(orjson.dumps(one) + b"\n" for one in records)


def from_bytes(content: bytes) -> list[Record]:
    """The records of a frozen file."""
    return [orjson.loads(line) for line in content.splitlines()]
