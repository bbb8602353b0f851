"""The figures for people (a table), for machines (JSON lines) and for the shelf (a page)."""

import time
from collections.abc import Sequence
from pathlib import Path

import orjson

from benchmarks.machine import Bench, describe
from benchmarks.measure import Figure
from benchmarks.notes import reason_of

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
HEAD = """\
# Benchmarks

Written by `scripts/bench`; run it to measure your own machine. Every figure has a peer beside it
that was measured in the same run, in interleaved rounds. Given are the medians of the rounds and,
in brackets, the smallest and largest ratio of a single round. Absolute figures move with the
machine and its load; what is held is the ratio. A missed floor makes `scripts/bench` fail.

| | |
|---|---|
"""
PROFILED = """\
Where our time goes, as `scripts/bench --quick --profile --only ROW` shows it of this process."""
COLUMNS = ("what", "ours", "beside", "ratio", "floor", "aim", "verdict")


def as_json(figure: Figure) -> str:
    """One row as one line of JSON."""
    row = figure.row
    line = {
        "name": row.name,
        "value": _rounded(figure.value),
        "peer_value": _rounded(figure.peer_value),
        "ratio": _rounded(figure.ratio),
        "floor": row.floor,
        "aim": row.aim,
        "better": row.better,
    }
    if figure.reason:
        line["not_run"] = figure.reason
    return orjson.dumps(line).decode()


def as_line(figure: Figure) -> str:
    """One row as one line for a terminal."""
    what, ours, beside, ratio, floor, aim, verdict = cells(figure)
    if figure.value is None:
        return f"{'not run':<13} {what}: {figure.reason}"
    return f"{verdict:<13} {what}: {ours}; beside {beside}; ratio {ratio}; floor {floor}; aim {aim}"


def cells(figure: Figure) -> tuple[str, ...]:
    """One row as the cells of the table."""
    row = figure.row
    if figure.value is None:
        bounds = (_times(row.floor), _times(row.aim))
        return (row.name, "-", "-", "-", *bounds, f"not run: {figure.reason}")
    spread = ""
    if figure.spread:
        low, high = figure.spread
        spread = f" ({_number(low)}-{_number(high)})"
    peer = f"{figure.peer}: {_number(figure.peer_value)}" if figure.peer else "-"
    return (
        row.name,
        f"{_number(figure.value)} {row.unit}" + ("" if figure.peer else spread),
        peer,
        f"{_number(figure.ratio)}{spread}" if figure.peer else "-",
        _times(row.floor),
        _times(row.aim),
        _verdict(figure),
    )


def write_page(figures: Sequence[Figure], bench: Bench, notes: Sequence[str], rows: int) -> None:
    """Write docs/benchmarks.md with what has been measured so far, of so many rows."""
    sizes = (
        "scripts/bench --quick: shorter rounds, smaller sizes" if bench.quick else "scripts/bench"
    )
    facts = {
        "date": time.strftime("%Y-%m-%d"),
        "command": f"{sizes}; {len(figures)} of {rows} rows",
        **describe(bench),
    }
    lines = [HEAD + "\n".join(f"| {name} | {fact} |" for name, fact in facts.items()), ""]
    lines.append(f"| {' | '.join(COLUMNS)} |")
    lines.append("|" + "---|" * len(COLUMNS))
    lines += [f"| {' | '.join(cells(figure))} |" for figure in figures]
    lines += ["", "## How to read it", "", *(f"- {note}" for note in notes), ""]
    missed = [figure.row.name for figure in figures if figure.held and not figure.reached]
    if missed:
        lines += ["## Where an aim is missed, and why", "", PROFILED, "", *_reasons(missed), ""]
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text("\n".join(lines))


def _reasons(missed: Sequence[str]) -> list[str]:
    """A line for each reason, with the rows that it keeps from their aims."""
    rows: dict[str, list[str]] = {}
    for name in missed:
        rows.setdefault(reason_of(name) or "not profiled yet", []).append(f"**{name}**")
    return [f"- {'; '.join(names)}: {why}." for why, names in rows.items()]


def _verdict(figure: Figure) -> str:
    if not figure.held:
        return "FLOOR MISSED"
    if figure.row.floor is None and figure.row.aim is None:
        return "reported"
    return "aim reached" if figure.reached else "floor held"


def _times(bound: float | None) -> str:
    if bound is None:
        return "-"
    return f"{bound:g}" if bound == 0 else f"{bound:g} x"


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else float(f"{figure:.4g}")


def _number(figure: float | None) -> str:
    if figure is None:
        return "-"
    if abs(figure) >= 100:  # noqa: PLR2004 - three digits say all there is to say
        return f"{figure:,.0f}"
    return f"{figure:.3g}"
