"""Adds the golden line of every event class that has none: python -m tests.golden."""

from __future__ import annotations

import sys

from tests.golden import PATH, missing_lines

if __name__ == "__main__":
    lines = missing_lines()
    with PATH.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    sys.stdout.write(f"{len(lines)} lines added to {PATH.name}\n")
