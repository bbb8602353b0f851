"""Every projection there is, in the order in which people think of them."""

from __future__ import annotations

from typing import Any

from projections.contract import Projection

PROJECTIONS: tuple[Projection[Any], ...] = ()
