"""One line of a batch with everything a payroll system may ask for: the canonical record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from ledger.aggregates.batch import Batch
from ledger.commands.batch_lines import LineRow
from ledger.errors import RuleError
from projections.line_facts import Counted, Held, position_on

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
RECORDS_AT_ONCE = 1_000
NO_ORIGINAL = {"line_id": None, "pay_date": None, "tax_year": None}
Record = dict[str, Any]  # by the names above, beside `company_code` and `batch_code`
# Records are written as a list, in half the time of so many objects. No text can hold what stands
# between two of them: in JSON, a quote within a text comes behind a backslash.
_BETWEEN, _ENDED = b'},{"line_no":', b'}\n{"line_no":'


# What all shares of one instalment have in common.
_whole = itemgetter("entitlement_id", "instalment", "kind")


class EmployeeNumberMissingError(RuleError):
    """The district has no employee number of somebody who is to be paid."""

    slug = "employee-number-missing"


class Policy(NamedTuple):
    """What a line says of the policy that it is paid by."""

    board_reference: str
    title: str


NO_POLICY = Policy("", "")
ONE_UNIT = 1
HUNDREDTHS = 100  # of a unit: how finely units are told


class Beside(NamedTuple):
    """What records say beside what lines do, by the ids that the lines have."""

    employee_numbers: Mapping[str, str]
    policies: Mapping[tuple[str, int], Policy]
    positions: Mapping[str, Sequence[Held]] = {}
    evidence: Mapping[str, str] = {}
    counted: Mapping[str, Counted] = {}


def records_of(rows: Sequence[LineRow], beside: Beside) -> Iterator[Record]:
    """The lines of a batch, by employee number, account and id; amounts in integer cents.

    What all of them say alike is left to `of_all`: frozen, it would be half of each line.

    Raises:
        EmployeeNumberMissingError: says whose, by their ids.
    """
    numbers = beside.employee_numbers
    missing = sorted(one for one in {row["person_id"] for row in rows} if not numbers.get(one))
    if missing:
        raise EmployeeNumberMissingError(
            f"{len(missing)} persons have no employee number, the first of them {missing[0]}",
            persons=missing,
        )
    ordered = sorted(
        rows,
        key=lambda row: (numbers[row["person_id"]], row["account"] or "", row["line_id"]),
    )
    splits = _cost_splits(rows)
    for number, row in enumerate(ordered, 1):
        record = _of_line(number, row, beside)
        if beside.counted:
            record |= _units_and_rate(row, beside.counted.get(row["entitlement_id"]))
        record["cost_split"] = splits.get(_whole(row)) if splits else None
        yield record


def _units_and_rate(row: LineRow, counted: Counted | None) -> Record:
    """So many units at so much each, where that is the line's amount to the cent; or else one.

    What a cap, an instalment, a fund's share or rounding has made of it is one unit at what is
    left: a payroll system multiplies.
    """
    if counted is not None and row["kind"] == "earn":
        hundredths = counted.units * HUNDREDTHS
        exact = counted.units * counted.rate_cents == row["amount_cents"]
        if exact and hundredths.denominator == 1:
            whole, part = divmod(hundredths.numerator, HUNDREDTHS)
            units = f"{whole}.{part:02}".rstrip("0").rstrip(".") if part else str(whole)
            return {"units": units, "rate": counted.rate_cents}
    return {"units": ONE_UNIT, "rate": row["amount_cents"]}


def _cost_splits(rows: Sequence[LineRow]) -> dict[tuple[Any, ...], str]:
    """Of each instalment that several funds pay, what each does: "general=60.00 title-ii=40.00"."""
    counts = Counter(map(_whole, rows))
    if len(counts) == len(rows):
        return {}
    shares: dict[tuple[Any, ...], list[str]] = {}
    for row in rows:
        if counts[_whole(row)] > 1:
            share = f"{row['fund_source'] or ''}={dollars(row['amount_cents'])}"
            shares.setdefault(_whole(row), []).append(share)
    return {key: " ".join(sorted(found)) for key, found in shares.items()}


def batch_code(prefix: str, pay_date: date) -> str:
    """A short name for the batch, unique by its pay date: MC241115."""
    return f"{prefix}{pay_date:%y%m%d}"


def of_all(batch: Batch, *, counted: bool = False) -> Record:
    """What every record of a batch says alike; of units too, unless some line counts them."""
    drafted = batch.drafted
    units = {} if counted else {"units": ONE_UNIT}
    return units | {
        "batch_no": drafted.number,
        "district_id": str(batch.district_id),
        "employee_key_type": "employee_number",
        "currency": CURRENCY,
        "pay_date_requested": drafted.pay_date.isoformat(),
        "tax_year": drafted.pay_date.year,
        "supplemental_wage": True,
        "company_code": drafted.company_code,
        "batch_code": batch_code(drafted.batch_prefix, drafted.pay_date),
    }


def _of_line(number: int, row: LineRow, beside: Beside) -> Record:
    original = row["original"] or NO_ORIGINAL
    person_id = row["person_id"]
    policy = beside.policies.get((row["policy_id"], row["policy_version"]), NO_POLICY)
    held = beside.positions.get(person_id, ())
    return {
        "line_no": number,
        "line_id": row["line_id"],
        "attempt": row["attempt"],
        "kind": row["kind"].upper(),
        "employee_no": beside.employee_numbers[person_id],
        "position": position_on(held, date.fromisoformat(row["earned_on"])) if held else None,
        "earning_code": row["earning_code"],
        "rate": row["amount_cents"],
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
        "evidence_hash": beside.evidence.get(row["entitlement_id"]),
        "memo": policy.title,
    }


def to_bytes(records: Iterable[Record]) -> bytes:
    """As they are frozen: one JSON object a line, amounts in cents."""
    coming = iter(records)
    pages = iter(lambda: list(islice(coming, RECORDS_AT_ONCE)), [])
    return b"".join(orjson.dumps(page)[1:-1].replace(_BETWEEN, _ENDED) + b"\n" for page in pages)


def parsed(lines: Iterable[bytes]) -> Iterator[Record]:
    """The records of frozen lines, many parsed at once."""
    coming = iter(lines)
    while page := list(islice(coming, RECORDS_AT_ONCE)):
        yield from orjson.loads(b"[%b]" % b",".join(page))


def dollars(cents: int) -> str:
    """Cents as a number with two places: -150.00."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"
