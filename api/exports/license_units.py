"""The units that a district hands in to a state's register, as CSV: a row for each on each license.

By the license's number, and by the number under which the state knows the teacher where the
district has it: registers ask for one or the other. Nothing is converted here: the units are those
of the rules, and what counts for nothing is there with its reason.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from uuid import UUID

from api.exports.layout import safe_text
from api.license_units import LicenseUnit
from ledger.rules.equivalencies import decimal
from ledger.vault import PersonDetails

COLUMNS = (
    "state_id",
    "license_number",
    "license_id",
    "jurisdiction",
    "license_type",
    "cycle",
    "achievement_id",
    "kind",
    "quantity",
    "earned_on",
    "category",
    "units",
    "unit",
    "reason",
    "rule_id",
    "rule_version",
    "upload_from",
    "upload_to",
)


def as_csv(
    units: Iterable[LicenseUnit],
    numbers: Mapping[UUID, str],
    people: Mapping[UUID, PersonDetails],
) -> bytes:
    """The file: UTF-8, CRLF, a header; texts that no spreadsheet takes for a formula.

    `numbers` are those of the licenses by where the vault has them, `people` what the district
    knows each person by.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in units:
        said = one.counted
        number = numbers.get(one.number_text_id, "") if one.number_text_id else ""
        known = people.get(one.person_id)
        writer.writerow(
            (
                safe_text(known.state_id if known else ""),
                safe_text(number),
                one.license_id,
                one.jurisdiction,
                one.license_type,
                one.cycle,
                said.achievement_id,
                said.kind,
                decimal(said.quantity_hundredths),
                said.earned_on,
                said.category or "",
                decimal(said.units_hundredths),
                one.unit or "",
                said.reason or "",
                said.rule_id or "",
                said.rule_version or "",
                said.upload_from or "",
                said.upload_to or "",
            )
        )
    return text.getvalue().encode()
