"""Plain terms, and the rule that says the same: two evaluations that have to agree."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.events.policy import FlatAmount, PolicyTerms, Tier, TieredAmount
from ledger.events.policy_rule import Rule
from ledger.rules.allocation import judge
from ledger.rules.completions import Award
from ledger.rules.employments import Duty, Employment
from ledger.rules.incentives import Policy, Version, award_earned
from tests.rules.dossiers import POLICY, OnFile, plain_rule
from tests.samples import DISTRICT, ZONE, named, policy_terms

DAYS = [date(2025, 3, 1), date(2025, 6, 30), date(2025, 7, 1), date(2025, 12, 31)]
TIERS = {"basic": 20_000, "advanced": 40_000}


def rule_of(terms: PolicyTerms) -> Rule:
    """The rule that says what these terms say."""
    basis: dict[str, Any] = {"kind": "tier", "tiers": []}
    if isinstance(terms.amount, FlatAmount):
        basis = {"kind": "flat", "amount_cents": terms.amount.amount_cents}
    else:
        basis["tiers"] = [tier.model_dump() for tier in terms.amount.tiers]
    eligibility: list[dict[str, Any]] = [{"kind": "employed"}] if terms.employed_on else []
    if terms.roles is not None:
        eligibility.append({"kind": "role", "roles": terms.roles})
    if terms.exempt_only:
        eligibility.append({"kind": "exempt"})
    cap = terms.person_cap_cents_per_year
    return plain_rule(
        effective_from=terms.effective_from,
        effective_to=terms.effective_to,
        amount=[{"name": "amount", "basis": basis}],
        eligibility=eligibility,
        caps=[] if cap is None else [{"of": "cents", "most": cap, "per": "fiscal_year"}],
        timing={"paid_on": {"kind": "waiting", "days": terms.waiting_days}},
    )


TERMS = st.builds(
    policy_terms,
    effective_from=st.sampled_from([DAYS[0], DAYS[2]]),
    effective_to=st.sampled_from([None, DAYS[1]]),
    amount=st.sampled_from(
        [
            FlatAmount(amount_cents=30_000),
            TieredAmount(
                tiers=tuple(Tier(tier=name, amount_cents=cents) for name, cents in TIERS.items())
            ),
        ]
    ),
    roles=st.sampled_from([None, ("teacher",), ("aide", "principal")]),
    exempt_only=st.booleans(),
    employed_on=st.sampled_from(["award_date", None]),
    waiting_days=st.sampled_from([0, 30]),
    person_cap_cents_per_year=st.sampled_from([None, 40_000, 50_000]),
)
JOBS = st.lists(
    st.tuples(
        st.sampled_from(DAYS),
        st.none() | st.sampled_from(DAYS),
        st.sampled_from(["teacher", "aide"]),
        st.sampled_from([True, False]),
    ),
    min_size=1,
    max_size=2,
)
AWARDS = st.lists(
    st.tuples(st.sampled_from(DAYS), st.sampled_from(["basic", "advanced", "expert"])), max_size=4
)


@given(TERMS, JOBS, AWARDS)
def test_they_come_to_the_same(
    terms: PolicyTerms, jobs: list[Any], awards: list[tuple[date, str]]
) -> None:
    """Verdict, amount and day; reasons have other names."""
    held = tuple(
        Employment(named(f"job {n}"), DISTRICT, first, last, (Duty(first, role, exempt),), (n,))
        for n, (first, last, role, exempt) in enumerate(jobs)
    )
    earned = [
        Award(named(f"award {n}"), named(f"mc {n}"), 100 + n, day, ZONE, None, (), tier, 5)
        for n, (day, tier) in enumerate(awards)
    ]
    plain = Policy(POLICY, DISTRICT, (Version(1, "Minute 1", date(2020, 6, 1), 1, terms),))
    judged = judge(plain, map(award_earned, earned), held)
    file = OnFile()
    for job in held:
        file.add("employments", job)
    for number, award in enumerate(earned):
        file.award(f"award {number}", award.awarded_on, tier=award.tier or "")
    found = file.findings(rule_of(terms))
    assert [(one.verdict, one.amount_cents, one.payable_on) for one in found] == [
        (one.claim.verdict, one.claim.amount_cents, one.claim.payable_on) for one in judged
    ]
