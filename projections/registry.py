"""Every projection there is, in the order in which people think of them."""

from __future__ import annotations

from typing import Any

from projections.batches import Batches
from projections.catalog import Catalog
from projections.challenges import Challenges
from projections.class_outcomes import ClassOutcomes
from projections.consents import Consents
from projections.contract import Projection
from projections.disputes import Disputes
from projections.employments import Employments
from projections.external_records import ExternalRecords
from projections.history import History
from projections.learning import Learning
from projections.pay_notices import PayNotices
from projections.payouts import Payouts
from projections.physical_badges import PhysicalBadges
from projections.records import Records
from projections.renewals import Renewals
from projections.reviews import Reviews
from projections.shares import Shares
from projections.stacks import Stacks
from projections.transcript import Transcript
from projections.webhooks import Webhooks

_LIFE: tuple[Projection[Any], ...] = (
    Catalog(),
    Transcript(),
    Reviews(),
    History(),
)
_MEANING: tuple[Projection[Any], ...] = (
    Employments(),
    Stacks(),
    Payouts(),
    Renewals(),
    Batches(),
    Webhooks(),
    Records(),
    ExternalRecords(),
    Shares(),
    Consents(),
    Disputes(),
    PayNotices(),
    Learning(),
    PhysicalBadges(),
    Challenges(),
    ClassOutcomes(),
)

PROJECTIONS = _LIFE + _MEANING
# Processes can share the work: the second lane takes few events and thinks long about each.
LANES = (_LIFE, _MEANING)
