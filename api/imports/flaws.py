"""What is wrong with a file, collected whole before anything of it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.errors import InvalidError

FLAWS_MAX = 100  # the first hundred say enough


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong, and where; never what stands there, for it may be a name."""

    file: str
    row: int | None  # as a spreadsheet counts: the header is row 1
    column: str | None
    slug: str
    message: str

    def __str__(self) -> str:
        row = f" row {self.row}" if self.row else ""
        column = f" {self.column}" if self.column else ""
        return f"{self.file}{row}{column}: {self.message} [{self.slug}]"


class FileRefusedError(InvalidError):
    """The file cannot be imported as it is; nothing of it was stored."""

    slug = "import-refused"

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        count = "one flaw" if len(flaws) == 1 else f"{len(flaws)} flaws"
        more = " or more" if len(flaws) >= FLAWS_MAX else ""
        super().__init__(f"{count}{more}; the first: {flaws[0]}", flaws=tuple(flaws))
        self.flaws = tuple(flaws)


class Flaws:
    """Collects what is wrong, and stops looking when that is plenty."""

    def __init__(self) -> None:
        self._found: list[Flaw] = []

    def add(
        self,
        file: str,
        slug: str,
        message: str,
        *,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        self._found.append(Flaw(file, row, column, slug, message))
        if len(self._found) >= FLAWS_MAX:
            self.refuse_if_any()

    def refuse_if_any(self) -> None:
        """Raises FileRefusedError with everything found so far."""
        if self._found:
            raise FileRefusedError(self._found)
