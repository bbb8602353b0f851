"""Prints what came of the year: tables read over HTTP, with the positions behind each line."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import date

from rich.console import Console
from rich.table import Table

from api.demo.stage import Answer, Stage
from api.demo.story import Place, Year
from ledger.errors import UnavailableError

LAST_DAY = date(2026, 6, 30)
RECORD_SECONDS_MAX = 60


def show(stage: Stage, year: Year, console: Console) -> None:
    """A transcript, stacks and a license, then what each district owes, and why."""
    show_transcript(stage, year, console)
    show_stacks(stage, year, console)
    show_license(stage, year, console)
    for place in (year.grand_bend, year.maple_fork):
        show_payouts(stage, year, place, console)
    show_explanation(stage, year, console)
    show_record(stage, year, console)


def _name(stage: Stage, year: Year) -> str:
    """What the teacher is called; the tables of the ledger hold ids alone."""
    details = stage.get(year.heroine, f"/v1/people/{year.heroine}")["details"]
    return f"{details['given_name']} {details['family_name']}"


def dollars(cents: int) -> str:
    return f"${cents // 100:,}.{cents % 100:02d}"


def _positions(positions: Iterable[int]) -> str:
    return " ".join(map(str, positions))


def _table(console: Console, title: str, *columns: str, rows: Iterable[tuple[str, ...]]) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", expand=False)
    for column in columns:
        right = column in {"amount", "attempts", "percent", "units"}
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    console.print()


def show_transcript(stage: Stage, year: Year, console: Console) -> None:
    """One teacher's record, from both of her districts."""
    path = f"/v1/people/{year.heroine}/transcript"
    lines = stage.get(year.heroine, path, effective_on=LAST_DAY.isoformat())["items"]
    _table(
        console,
        f"Transcript of {_name(stage, year)} on {LAST_DAY}, as the teacher sees it",
        "micro-credential", "status", "attempts", "awarded", "expires", "positions in the log",
        rows=(
            (
                str(line["title"]),
                line["status"].replace("_", " "),
                str(max((a["attempt"] for a in line["attempts"]), default=0)),
                line["awarded_on"] or "",
                line["expires_on"] or "",
                _positions(line["positions"]),
            )
            for line in lines
        ),
    )  # fmt: skip


def show_stacks(stage: Stage, year: Year, console: Console) -> None:
    """How far she is with each stack, and what is missing."""
    lines = stage.get(year.heroine, f"/v1/people/{year.heroine}/stacks")["items"]
    titles = {c["id"]: str(c["title"]) for c in year.cast.credentials.values()}
    _table(
        console,
        "Progress of the same teacher with stacks",
        "stack", "percent", "completed", "missing", "positions in the log",
        rows=(
            (
                line["title"],
                f"{line['percent']} %",
                line["completed_on"] or "",
                "; ".join(_missing(line, titles)),
                _positions(line["positions"]),
            )
            for line in lines
        ),
    )  # fmt: skip


def _missing(line: Answer, titles: dict[str, str]) -> list[str]:
    """What would complete the stack, in words."""

    def words(group: Answer) -> list[str]:
        open_ids = [titles.get(c, c) for c in group["credential_ids"]]
        some = open_ids if len(open_ids) <= group["needed"] else [
            f"{group['needed']} of: {', '.join(open_ids)}"
        ]  # fmt: skip
        return some + [word for inner in group["groups"] for word in words(inner)]

    capstone = line.get("capstone_missing")
    return (words(line["missing"]) if line["missing"] else []) + (
        [f"{titles.get(capstone, capstone)} (capstone)"] if capstone else []
    )


def show_license(stage: Stage, year: Year, console: Console) -> None:
    """What her license needed in the cycle that ends, and what each thing she earned brought."""
    path = f"/v1/licenses/{year.license_id}/explanation"
    explained = stage.get(year.heroine, path, effective_on=LAST_DAY.isoformat(), cycle=1)
    (found,) = explained["lines"]
    line = found["line"]
    units = f"{hundredths(line['earned_hundredths'])} of {hundredths(line['needed_hundredths'])}"
    _table(
        console,
        f"License of the same teacher to {line['valid_to']}: {units} {line['unit']},"
        f" {line['state']}, renewed",
        "earned", "how it counts", "units", "reason", "position",
        rows=(
            (
                unit["earned_on"],
                unit["arithmetic"],
                hundredths(unit["units_hundredths"]),
                (unit["reason"] or "").replace("_", " "),
                str(unit["position"]),
            )
            for unit in found["units"]
        ),
    )  # fmt: skip


def hundredths(number: int) -> str:
    return f"{number // 100}.{number % 100:02d}".rstrip("0").rstrip(".")


def show_payouts(stage: Stage, year: Year, place: Place, console: Console) -> None:
    """Every award and completed stack under every policy in force: due, pending or not due."""
    titles = {c["id"]: c["title"] for c in year.cast.credentials.values()}
    found = stage.get(
        place.payroll,
        f"/v1/districts/{place.district_id}/payouts",
        effective_on=LAST_DAY.isoformat(),
        limit=200,
    )["items"]
    _table(
        console,
        f"Payouts of {place.name} on {LAST_DAY}",
        "teacher", "for", "policy", "kind", "amount", "status", "reason", "positions",
        rows=(
            (
                str(name),
                str(titles.get(payout["credential_id"], "a completed stack")),
                payout["policy_title"],
                "notice to HR" if payout["benefit"] == "base_pay" else "payroll item",
                dollars(payout["amount_cents"]),
                payout["status"].replace("_", " "),
                (payout["reason"] or "").replace("_", " "),
                _positions(payout["positions"]),
            )
            for payout, name in ((one["payout"], one["name"]) for one in found)
        ),
    )  # fmt: skip


def show_explanation(stage: Stage, year: Year, console: Console) -> None:
    """One payout taken apart: each rule, what it was asked, and whether it was met."""
    place = year.maple_fork
    path = f"/v1/districts/{place.district_id}/payouts"
    found = stage.get(place.payroll, path, effective_on=LAST_DAY.isoformat())["items"]
    payouts = (one["payout"] for one in found)
    mine = (one for one in payouts if one["person_id"] == str(year.heroine))
    payout = next(one for one in mine if one["status"] == "due")
    explained = stage.get(place.payroll, f"/v1/payouts/{payout['payout_id']}/explanation")
    _table(
        console,
        f"Why: {payout['policy_title']}, {payout['board_reference']}",
        "rule", "asked", "met",
        rows=(
            (
                check["rule"].replace("_", " "),
                ", ".join(f"{key} {value}" for key, value in check["inputs"].items()),
                {True: "yes", False: "no", None: "a fact is missing"}[check["passed"]],
            )
            for check in explained["checks"]
        ),
    )  # fmt: skip


def show_record(stage: Stage, year: Year, console: Console) -> None:
    """A signed record of one of her awards, and what anybody is told who has it checked."""
    made = _records(stage, year)[0]
    record = stage.get(year.heroine, f"/v1/records/{made['record_id']}")
    checked = stage.check(record)
    [award] = checked["awards"]
    seen = ", ".join(f"{one['criterion']}: {one['level']}" for one in award["results"])
    _table(
        console,
        "A signed record (Open Badges 3.0) of one of her awards, checked as anybody may",
        "what it says", "",
        rows=[
            ("record", award["record_id"]),
            ("for", f"{award['title']}, version {award['version']}"),
            ("issued by", f"{award['issuer_name']}, {award['issuer_id']}"),
            ("seen", seen),
            ("found", f"{checked['explanation']}"),
        ],
    )  # fmt: skip


def _records(stage: Stage, year: Year) -> list[Answer]:
    """Her records; they are made in the background, so the first may take a moment."""
    deadline = time.monotonic() + RECORD_SECONDS_MAX
    while time.monotonic() < deadline:
        found: list[Answer] = stage.get(year.heroine, f"/v1/people/{year.heroine}/records")["items"]
        if held := [one for one in found if one["state"] == "in_force"]:
            return held
        time.sleep(0.2)
    raise UnavailableError("no record was issued in time")
