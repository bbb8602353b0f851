"""Opening records: what a district's earlier system said on the day of the cut-over.

Two people vouch for a file: one prepares it, another confirms the very same one, and only then is
anything of it recorded. What is recorded counts in caps and units and is never paid.
"""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.base import Event
from ledger.values import Cents, Count, Day, HmacSha256, Positive, ShortText, Slug, Value, ZoneName


class OpeningAward(Value):
    """A micro-credential that was awarded elsewhere, as the district has it: no award of ours."""

    kind: Literal["award"] = "award"
    credential_id: UUID | None  # of the catalog, where it is there
    title: ShortText
    issuer: ShortText  # as the earlier system named it
    earned_on: Day
    expires_on: Day | None


class OpeningUnits(Value):
    """So much of one kind, earned before: counted for a license and toward lanes."""

    kind: Literal["units"] = "units"
    unit: Slug  # semester_hour, ceu, hour, …
    quantity_hundredths: Positive
    category: Slug | None
    earned_on: Day


class OpeningPayment(Value):
    """What was paid under a policy before: it uses up caps, and nothing else follows from it."""

    kind: Literal["payment"] = "payment"
    policy_id: UUID
    credential_id: UUID | None  # the micro-credential it was paid for, if it was for one
    amount_cents: Cents
    units_hundredths: Cents
    paid_on: Day
    fiscal_year: Positive


Entry = Annotated[OpeningAward | OpeningUnits | OpeningPayment, Field(discriminator="kind")]


class OpeningFileEvent(Event):
    """Stream: one file of one district, by its digest."""

    district_id: UUID
    file_hmac: HmacSha256  # keyed by a vault secret: the file is full of names
    as_of: Day
    rows: Count
    amount_cents: Cents  # of all payments, as the earlier system adds them up
    units_hundredths: Cents  # of all units


class OpeningPrepared(OpeningFileEvent):
    """Somebody vouches for the file. Nothing of it counts yet."""

    TOPIC: ClassVar[str] = "opening-file.prepared.v1"


class OpeningConfirmed(OpeningFileEvent):
    """Somebody else vouches for the same file: its records follow in the log."""

    TOPIC: ClassVar[str] = "opening-file.confirmed.v1"

    prepared_by: UUID


class OpeningRecorded(Event):
    """Stream: one row of a confirmed file, about one person."""

    TOPIC: ClassVar[str] = "opening.recorded.v1"

    person_id: UUID
    district_id: UUID
    import_id: UUID  # the stream of the file
    as_of: Day
    zone: ZoneName
    prepared_by: UUID
    confirmed_by: UUID
    entry: Entry
