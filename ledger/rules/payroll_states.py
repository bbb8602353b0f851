"""How far an entitlement has come on its way to the teacher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from ledger.rules.payroll import Decided, LastTry, LineStatus

EntitlementState = Literal[
    "not_due",
    "pending",
    "held",
    "awaiting_approval",
    "approved",
    "batched",
    "exported",
    "acknowledged",
    "bypassed",
    "paid",
    "reversed",
    "clawed_back",
    "written_off",
]
_STATES: Mapping[LineStatus, EntitlementState] = {
    "batched": "batched",
    "closed": "batched",
    "exported": "exported",
    "accepted": "acknowledged",
    "bypassed": "bypassed",
    "paid": "paid",
    "written_off": "written_off",
}


def entitlement_state(
    derived: Literal["due", "pending", "not_due"],
    amount_cents: int,
    decided: Decided,
    tried: Iterable[LastTry],
    *,
    approved_by: Literal["policy", "person"],
) -> EntitlementState:
    """Where one entitlement stands: by its lines where it has any, else by what is derived.

    What was taken back whole is reversed or clawed back, by the last line that took it.
    """
    counting = [line for line in tried if line.counts]
    earned = [line for line in counting if line.kind == "earn"]
    if earned:
        taken = [line for line in counting if line.amount_cents < 0]
        if taken and sum(line.amount_cents for line in counting) <= 0:
            last = max(taken, key=lambda line: (line.pay_date, line.instalment))
            return "clawed_back" if last.kind == "clawback" else "reversed"
        return _STATES[earned[-1].status]
    if derived != "due":
        return derived
    if decided.held:
        return "held"
    waits = approved_by == "person" and decided.approved_cents != amount_cents
    return "awaiting_approval" if waits else "approved"
