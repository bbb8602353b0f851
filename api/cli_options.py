"""What several commands take: as of when something is reported, files of text, seconds."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from ledger.errors import InvalidError

DAYS = ["%Y-%m-%d"]
AsOf = Annotated[
    str | None, typer.Option(help="A position, or a day: all recorded by its end; else now.")
]
EffectiveOn = Annotated[datetime | None, typer.Option(formats=DAYS, help="What holds on this day.")]


def text_of(path: Path) -> str:
    """What a file says. Raises InvalidError where it is no text."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise InvalidError(f"{path} is not a text file") from None


def finite(seconds: float | None) -> float | None:
    """Refuse NaN, which is in any range, and what no clock waits for."""
    if seconds is not None and not math.isfinite(seconds):
        raise typer.BadParameter("a number of seconds")
    return seconds
