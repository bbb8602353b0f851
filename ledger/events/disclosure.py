"""What the log says of the lines that tell who was shown whose record: how many, and their digest.

The lines themselves are beside the log, for reads are many and are kept for some years only.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from ledger.events.base import Event
from ledger.values import HmacSha256, Instant

LineNumber = Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)]


class DisclosuresCommitted(Event):
    """Stream: who was shown whose record. These lines were written down and change no more."""

    TOPIC: ClassVar[str] = "disclosures.committed.v1"

    after_line: LineNumber  # they begin behind this one, where those of the event before end
    last_line: LineNumber
    line_count: LineNumber  # a number that nobody used is no line
    lines_hmac: HmacSha256  # keyed by a vault secret, so that no guess at a line can be tried
    newest_read_at: Instant  # from which follows how long they have to be kept
