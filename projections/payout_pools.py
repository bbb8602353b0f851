"""The second step of payouts for pools that are given out when they close: by lot or in shares.

While a pool is open its claims wait. From the event that closes it on, each claim is what
`ledger/rules/entitlements/pools.py` gives it, in the place of what the person's own facts make of
it; those are kept aside. All of it follows from the claims and the closing events in the log, so
however often it is done, it comes out the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection

from ledger.events.policy_rule import Rule
from ledger.rules.entitlements.amounts import rounded
from ledger.rules.entitlements.caps import Used
from ledger.rules.entitlements.findings import is_pooled
from ledger.rules.entitlements.lines import shares
from ledger.rules.entitlements.pools import Claim, Close, Given, Won, given_out
from ledger.values import POSITION_MAX
from projections.payout_rows import Row
from projections.payout_rules import rule_from_json
from projections.sql import blocks, read, rows, to_write, write

_SQL = blocks("payouts")


def give_out_marked(connection: Connection[Any], marked: Iterable[tuple[UUID, int]]) -> None:
    """Give out the closed pools of each policy that has a marked year among them.

    One year's pool may change what caps leave in a later one, so all of a policy's are done.
    """
    years: dict[UUID, set[int]] = {}
    for policy_id, fiscal_year in marked:
        years.setdefault(policy_id, set()).add(fiscal_year)
    for policy_id, touched in years.items():
        found = [Close(*row) for row in rows(connection, _SQL["closed_pools"], policy_id=policy_id)]
        if touched & {close.fiscal_year for close in found}:
            _give_out(connection, policy_id, found)


def _give_out(connection: Connection[Any], policy_id: UUID, closes: Sequence[Close]) -> None:
    wishes = read(connection, Row, _SQL["wishes"], policy_id=policy_id)
    rules = {
        version: rule_from_json(terms)
        for version, terms in rows(connection, _SQL["rules_of_policy"], policy_id=policy_id)
    }
    made: list[Row] = []
    won: list[Won] = []
    done: list[int] = []
    for close in sorted(closes, key=lambda close: close.position):
        of_year = [row for row in wishes if row.fiscal_year == close.fiscal_year]
        rule = _rule_of(rules, of_year, close.position)
        if rule is None or close.fiscal_year in done or not _closes(rule, close):
            continue
        given = given_out(rule, close, [_claim(row) for row in of_year], won)
        found = list(_settled(rules, of_year, given, close))
        won += [_won(row) for row in found if row.verdict == "due"]
        made += found
        done.append(close.fiscal_year)
    connection.execute(_SQL["take_back"], {"policy_id": policy_id, "fiscal_years": done})
    write(connection, to_write(_SQL["give_out"], rows=made))


def _rule_of(rules: dict[int, Rule], wishes: Sequence[Row], position: int) -> Rule | None:
    """The newest version that judged anything of the year by the time the pool was closed.

    Where nothing had been asked by then, any that judges what came too late.
    """
    before = {row.policy_version for row in wishes if row.from_position <= position}
    judged = before or {row.policy_version for row in wishes}
    pooled = [version for version in judged if is_pooled(rules[version])]
    return rules[max(pooled)] if pooled else None


def _closes(rule: Rule, close: Close) -> bool:
    """Lots have to be drawn; equal shares are known with the end of the year as well."""
    assert rule.pool is not None, "only rules with a pool are asked"
    return close.seed is not None or rule.pool.order == "pro_rata"


def _claim(row: Row) -> Claim:
    return Claim(
        entitlement_id=row.payout_id,
        person_id=row.person_id,
        from_position=row.from_position,
        to_position=row.to_position,
        place=(row.earned_position, row.award_position),
        cents=row.amount_cents,
        day=row.earned_on,
        credential_id=row.credential_id,
    )


def _won(row: Row) -> Won:
    used = Used(row.earned_on, row.fiscal_year, row.credential_id, row.amount_cents)
    return Won(row.person_id, row.from_position, row.to_position, used)


def _settled(
    rules: Mapping[int, Rule], wishes: Sequence[Row], given: Iterable[Given], close: Close
) -> Iterator[Row]:
    """The rows that stand in the place of the claims: waiting before the close, given after."""
    spans: dict[UUID, list[Given]] = {}
    for span in given:
        spans.setdefault(span.entitlement_id, []).append(span)
    for row in wishes:
        if row.from_position < close.position:
            until = min(row.to_position or close.position, close.position)
            yield replace(row, to_position=until, notice=None)
        for span in spans.get(row.payout_id, []):
            if row.from_position <= span.from_position < (row.to_position or POSITION_MAX):
                yield _row_given(rules[row.policy_version], row, span, close)


def _row_given(rule: Rule, row: Row, span: Given, close: Close) -> Row:
    checks: list[dict[str, Any]] = orjson.loads(row.checks)
    reduced = [check["reason"] for check in checks if check["passed"] is False]
    return replace(
        row,
        from_position=span.from_position,
        to_position=span.to_position,
        verdict="due" if span.cents else "not_due",
        reason=span.reason or (reduced[-1] if reduced else None),
        amount_cents=span.cents,
        positions=sorted({*row.positions, close.position, span.from_position}),
        checks=orjson.dumps([*checks, *span.checks]).decode(),
        parts=_parts(rule, row, span.cents),
        notice=_notice(row, span.cents),
    )


def _parts(rule: Rule, row: Row, cents: int) -> str:
    """The instalments of what was given, in the proportions of what was asked."""
    parts: list[dict[str, Any]] = orjson.loads(row.parts or b"[]")
    if cents == row.amount_cents:
        return row.parts or "[]"
    asked = sum(part["earned_cents"] for part in parts)
    if not (cents and asked):
        return "[]"
    amounts = [part["earned_cents"] * cents // asked for part in parts]
    amounts[-1 if rule.rounding.residual == "last_instalment" else 0] += cents - sum(amounts)
    made = [_reduced(rule, part, earned) for part, earned in zip(parts, amounts, strict=True)]
    return orjson.dumps(made).decode()


def _reduced(rule: Rule, part: dict[str, Any], earned: int) -> dict[str, Any]:
    """A smaller instalment, of which the same share stays with her, and each fund pays its own.

    Both are worked out as for an amount that nothing reduced: what she pays back is rounded, and
    the funds' percents fall on the whole.
    """
    back = Fraction(part["earned_cents"] - part["amount_cents"], part["earned_cents"] or 1)
    kept = earned - rounded(earned * back, rule.rounding)
    paying = shares(rule.account.shares, earned)
    return {**part, "earned_cents": earned, "amount_cents": kept, "shares": paying}


def _notice(row: Row, cents: int) -> str | None:
    if row.notice is None or not cents:
        return None
    told = orjson.loads(row.notice)
    if told["annual_cents"] is not None:
        told["annual_cents"] = cents
    return orjson.dumps(told).decode()
