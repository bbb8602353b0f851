"""The command line of scripts/bench."""

import argparse
import signal
import sys
from collections.abc import Sequence

from benchmarks import (
    appends,
    commands,
    following,
    growth,
    maintenance,
    missed,
    money,
    reads,
    records,
    sealing,
    serving,
)
from benchmarks.machine import Bench, open_bench
from benchmarks.measure import Figure, Row, run_row
from benchmarks.notes import NOTES
from benchmarks.profiling import profile
from benchmarks.report import as_json, as_line, write_page

GROUPS = (
    appends,
    reads,
    commands,
    following,
    maintenance,
    serving,
    sealing,
    records,
    money,
    missed,
    growth,
)
ROWS: tuple[Row, ...] = tuple(row for group in GROUPS for row in group.ROWS)


def main() -> int:
    """Measure, print, write the page after a full run, and say whether every floor is held."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter rounds and smaller sizes")
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("--only", metavar="TEXT", help="only rows whose name contains TEXT")
    parser.add_argument("--profile", action="store_true", help="where the time of a round goes")
    asked = parser.parse_args()
    rows = [row for row in ROWS if not asked.only or asked.only in row.name]
    if not rows:
        parser.error(f"no row's name contains {asked.only!r}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no server is left running
    figures: list[Figure] = []
    with open_bench(quick=asked.quick) as bench:
        if asked.profile:
            return _profile(rows, bench)
        for row in rows:
            figure = run_row(row, bench)
            figures.append(figure)
            print(as_json(figure) if asked.json else as_line(figure), flush=True)
            if not asked.only:  # after each row, so that a run that is cut short leaves its figures
                write_page(figures, bench, NOTES, rows=len(rows))
    return 0 if all(figure.held for figure in figures) else 1


def _profile(rows: Sequence[Row], bench: Bench) -> int:
    """Print of each row in which places a second round of ours spends its time."""
    for row in rows:
        print(row.name)
        with row.stage(bench) as contest:
            contest.ours()
            for share, place in profile(contest.ours):
                print(f"  {share:6.1%}  {place}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
