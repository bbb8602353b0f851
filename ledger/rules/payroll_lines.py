"""Arithmetic of payroll: which lines a batch has, and where closed lines and what is owed differ.

Closed lines are given and never change; where they differ from what is owed now, the difference is
proposed, and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from uuid import UUID

from pydantic import TypeAdapter

from ledger.errors import RuleError
from ledger.events.batch import BatchLine, LineKind, OriginalLine
from ledger.events.payroll import Code, PayCode, PayrollTerms
from ledger.rules.payroll import Correction, Decided, Earned, LastTry, Payable
from ledger.values import ShortText, trusted

# Every field is checked as the lines are appended; twice would be too much for so many.
_line = trusted(BatchLine)
Texts = tuple[Code, ShortText | None, ShortText | None]  # earning code, fund, account
TEXTS: TypeAdapter[Texts] = TypeAdapter(Texts)


class PayCodeMissingError(RuleError):
    """The district's payroll terms have no pay code for this policy."""

    slug = "pay-code-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Earned):
    """What a line of the next batch would have to be, so that closed lines come to what is owed."""

    kind: LineKind
    amount_cents: int
    owed_cents: int
    closed_cents: int
    original_line_id: UUID
    original_attempt: int
    original_pay_date: date
    original_tax_year: int

    @property
    def original(self) -> OriginalLine:
        return OriginalLine(
            line_id=self.original_line_id,
            attempt=self.original_attempt,
            pay_date=self.original_pay_date,
            tax_year=self.original_tax_year,
        )


def lines_of_batch(
    payables: Iterable[Payable],
    corrections: Iterable[Correction],
    tried: Mapping[UUID, LastTry],
    decided: Mapping[UUID, Decided],
    terms: PayrollTerms,
) -> list[BatchLine]:
    """Everything approved and payable that no earlier batch has, in the order given."""
    codes = {code.policy_id: code for code in terms.codes}
    by_person = terms.entitlements_approved_by == "person"
    nothing = Decided()
    lines = []
    for one in payables:
        about = decided.get(one.entitlement_id, nothing)
        approved = not by_person or about.approved_cents == one.to_approve_cents
        if not one.amount_cents or not approved or about.held:
            continue
        line = one.line_id  # costs a digest each time
        if _is_free(tried, line):
            lines.append(_earned(one, line, _attempt(tried, line), codes))
    for correction in corrections:
        held = decided.get(correction.entitlement_id, nothing).held
        stands = _still_stands(correction, tried)
        if stands and not held and _is_free(tried, correction.line_id):
            lines.append(_corrected(correction, tried, codes))
    return lines


def proposals(
    owed: Mapping[UUID, Payable],
    corrections: Iterable[Correction],
    tried: Mapping[UUID, LastTry],
) -> list[Proposal]:
    """Where the closed lines of an instalment and what is owed for it differ.

    Args:
        owed: What is owed now, by the id of the line it first became; missing means nothing.
        corrections: Everything adopted so far, whether it has become a line or not.
        tried: The newest attempt of every line.
    """
    closed = {
        line.line_id: line.amount_cents
        for line in tried.values()
        if line.kind == "earn" and line.counts
    }
    for correction in corrections:
        root = correction.original.line_id
        spent = not _is_free(tried, correction.line_id)
        if root in closed and (spent or _still_stands(correction, tried)):
            closed[root] += correction.amount_cents
    found = []
    for original_id, closed_cents in closed.items():
        now, line = owed.get(original_id), tried[original_id]
        owed_cents = now.amount_cents if now else 0
        if owed_cents != closed_cents and line.status != "written_off":
            found.append(_proposal(line, owed_cents, closed_cents, now))
    return found


def _still_stands(correction: Correction, tried: Mapping[UUID, LastTry]) -> bool:
    """Whether the very attempt that is corrected still counts: a new one comes out right."""
    root = tried.get(correction.original.line_id)
    return root is not None and root.counts and root.attempt == correction.original.attempt


def _is_free(tried: Mapping[UUID, LastTry], line: UUID) -> bool:
    last = tried.get(line)
    return last is None or not last.counts


def _attempt(tried: Mapping[UUID, LastTry], line: UUID) -> int:
    last = tried.get(line)
    return last.attempt + 1 if last else 1


def _code_of(codes: Mapping[UUID | None, PayCode], policy_id: UUID) -> PayCode | None:
    return codes.get(policy_id) or codes.get(None)


def _earned(
    one: Payable, line: UUID, attempt: int, codes: Mapping[UUID | None, PayCode]
) -> BatchLine:
    code = _code_of(codes, one.policy_id)
    earning_code = one.earning_code or (code.earning_code if code else None)
    if earning_code is None:
        raise PayCodeMissingError(f"policy {one.policy_id} has no pay code", policy=one.policy_id)
    fund = one.fund_source or (code.fund_source if code else None)
    account = one.account or (code.account if code else None)
    earning_code, fund_source, account = _checked(earning_code, fund, account)
    return _line(
        {
            "line_id": line,
            "attempt": attempt,
            "kind": "earn",
            "instalment": one.instalment,
            "entitlement_id": one.entitlement_id,
            "person_id": one.person_id,
            "policy_id": one.policy_id,
            "policy_version": one.policy_version,
            "subject_id": one.subject_id,
            "earned_on": one.earned_on,
            "amount_cents": one.amount_cents,
            "earning_code": earning_code,
            "fund_source": fund_source,
            "account": account,
            "pensionable": bool(
                code and code.pensionable if one.pensionable is None else one.pensionable
            ),
            "original": None,
        }
    )


@lru_cache(maxsize=1_000)
def _checked(*texts: str | None) -> Texts:
    """The few texts that lines have, as the event takes them."""
    return TEXTS.validate_python(texts)


def _corrected(
    one: Correction, tried: Mapping[UUID, LastTry], codes: Mapping[UUID | None, PayCode]
) -> BatchLine:
    """What takes back or adds, from the fund and account that paid what it corrects."""
    root = tried[one.original.line_id]
    code = _code_of(codes, one.policy_id)
    if code is None:
        raise PayCodeMissingError(f"policy {one.policy_id} has no pay code", policy=one.policy_id)
    return BatchLine(
        line_id=one.line_id,
        attempt=_attempt(tried, one.line_id),
        kind=one.kind,
        instalment=one.correction,
        entitlement_id=one.entitlement_id,
        person_id=one.person_id,
        policy_id=one.policy_id,
        policy_version=one.policy_version,
        subject_id=one.subject_id,
        earned_on=one.earned_on,
        amount_cents=one.amount_cents,
        earning_code=code.earning_code if one.amount_cents > 0 else code.recovery_code,
        fund_source=root.fund_source or code.fund_source,
        account=root.account or code.account,
        pensionable=code.pensionable,
        original=one.original,
    )


def _proposal(line: LastTry, owed_cents: int, closed_cents: int, now: Payable | None) -> Proposal:
    kind: LineKind = "adj"
    if owed_cents < closed_cents:
        kind = now.recovery if now else "reversal"
    return Proposal(
        entitlement_id=line.entitlement_id,
        person_id=line.person_id,
        policy_id=line.policy_id,
        policy_version=line.policy_version,
        subject_id=line.subject_id,
        earned_on=line.earned_on,
        kind=kind,
        amount_cents=owed_cents - closed_cents,
        owed_cents=owed_cents,
        closed_cents=closed_cents,
        original_line_id=line.line_id,
        original_attempt=line.attempt,
        original_pay_date=line.pay_date,
        original_tax_year=line.pay_date.year,
    )
