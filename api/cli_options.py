"""What several commands take: as of when something is reported."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

DAYS = ["%Y-%m-%d"]
AsOf = Annotated[
    str | None, typer.Option(help="A position, or a day: all recorded by its end; else now.")
]
EffectiveOn = Annotated[datetime | None, typer.Option(formats=DAYS, help="What holds on this day.")]
