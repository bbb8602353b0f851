"""Small cells: counts of people that are given away say nothing about a few of them.

A count below ten is not shown, and neither is what it could be found by: others are left out with
it until every count that is missing may, for all that is shown, be ten or more. What stands below
a count that is not shown is not listed: the number of its parts would say how large it is at least.
Source: docs/sources.md#small-cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

CELL_MIN = 10
Path = tuple[str, ...]


@dataclass(slots=True, eq=False)
class _Node:
    """A count and what it consists of."""

    path: Path
    count: int = 0
    parts: dict[str, _Node] = field(default_factory=dict)

    def part(self, name: str) -> _Node:
        return self.parts.setdefault(name, _Node((*self.path, name)))


def suppressed(counts: Mapping[Path, int]) -> dict[Path, int | None]:
    """Every total and cell that may be listed, each before its parts; null where it is not shown.

    Args:
        counts: The cells, each above zero, by the way to them: the first name is that of the table
            it is part of, or of the row, each further one says where below it stands. Cells share
            nobody, so that a total is the sum of its parts; all ways are of one length.
    """
    tables = _Node(())
    for path, count in sorted(counts.items()):
        node = tables
        for name in path:
            node = node.part(name)
            node.count += count
    shown: dict[Path, int | None] = {}
    for table in tables.parts.values():  # of tables no sum is shown, so each stands for itself
        _show(table, shown, hidden=_must_hide(table))
    return shown


def _show(node: _Node, shown: dict[Path, int | None], *, hidden: bool) -> None:
    shown[node.path] = None if hidden else node.count
    if hidden:
        return
    left_out = _left_out(list(node.parts.values()))
    for part in node.parts.values():
        _show(part, shown, hidden=part.path in left_out)


def _must_hide(node: _Node) -> bool:
    """Whether it is small, or would tell of a small part even with all other parts left out."""
    if node.count < CELL_MIN:
        return True
    parts = list(node.parts.values())
    return any(map(_must_hide, parts)) and not _is_safe([part.count for part in parts])


def _left_out(parts: Sequence[_Node]) -> set[Path]:
    """The parts of a total that are not shown: those that must not, and the smallest others."""
    hidden = [part for part in parts if _must_hide(part)]
    others = [part for part in parts if part not in hidden]
    others.sort(key=lambda part: (part.count, part.path))
    while hidden and not _is_safe(part.count for part in hidden):
        hidden.append(others.pop(0))
    return {part.path for part in hidden}


def _is_safe(counts: Iterable[int]) -> bool:
    """Whether each of some counts whose sum is known may be anything from one to ten at least."""
    known = list(counts)
    return len(known) > 1 and sum(known) - (len(known) - 1) >= CELL_MIN
