"""What payouts are made from, in memory: the facts of a batch are folded into it, one by one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from uuid import UUID

from ledger.events.batch import BatchClosed, BatchLinesListed, BatchVoided, ReturnLinesListed
from ledger.events.calendar import (
    CalendarFactRecorded,
    DistrictFact,
    FiscalYearClosed,
    PoolDrawn,
)
from ledger.events.credential import CredentialVersionPublished
from ledger.events.credit import CreditRecorded, CreditWithdrawn
from ledger.events.dossier import DossierFactRecorded, DossierFactWithdrawn
from ledger.events.enrollment import (
    Awarded,
    Enrolled,
    Reinstated,
    Resubmitted,
    Revoked,
    Submitted,
)
from ledger.events.entitlement import LineReleased, LineWrittenOff
from ledger.events.opening import OpeningPayment, OpeningRecorded
from ledger.events.policy import PolicyAdopted, PolicyRetired, PolicyRuleAdopted
from ledger.events.stack import StackDefined, StackRetired
from ledger.rules.allocation import judge
from ledger.rules.completions import Award, Era, award_of, completion, eras_after
from ledger.rules.employments import Employment
from ledger.rules.entitlements.facts import Dossier
from ledger.rules.entitlements.findings import RulePolicy, RuleVersion
from ledger.rules.entitlements.gather import Recorded
from ledger.rules.incentives import Policy, Version
from projections.contract import Fact
from projections.payout_begun import Begun, BegunEvent
from projections.payout_paid import PaidBook, PaidEvent
from projections.payout_rows import EmploymentEvent, Row, employment_after, row_of, rule_row
from projections.payout_rules import (
    POOL_OPEN,
    RecordRow,
    Rules,
    adopted,
    closing_fact,
    dossier_of,
    judge_rules,
    record_after,
)
from projections.payout_teacher import Teacher

AwardEvent = Awarded | Revoked | Reinstated
PolicyEvent = PolicyAdopted | PolicyRuleAdopted | PolicyRetired
StackEvent = StackDefined | StackRetired
RecordEvent = (
    DossierFactRecorded | DossierFactWithdrawn | CreditRecorded | CreditWithdrawn | OpeningRecorded
)
PayoutEvent = (
    EmploymentEvent
    | AwardEvent
    | PolicyEvent
    | StackEvent
    | RecordEvent
    | CalendarFactRecorded
    | CredentialVersionPublished
    | PaidEvent
    | BegunEvent
)


@dataclass(slots=True)
class Book:
    """All that a batch may touch, and beside it what the batch has changed."""

    teachers: dict[UUID, Teacher] = field(default_factory=dict)
    policies: dict[UUID, Policy] = field(default_factory=dict)
    stacks: dict[UUID, tuple[Era, ...]] = field(default_factory=dict)
    by_district: dict[UUID, dict[UUID, None]] = field(default_factory=dict)  # ids of policies
    tiers: dict[tuple[UUID, int], tuple[str, int]] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)
    paid: PaidBook = field(default_factory=PaidBook)
    begun: dict[UUID, Begun] = field(default_factory=dict)  # where a rule asks for these days

    changed_awards: dict[UUID, tuple[UUID, Award]] = field(default_factory=dict)
    changed_employments: dict[UUID, tuple[UUID, Employment]] = field(default_factory=dict)
    changed_policies: set[UUID] = field(default_factory=set)
    changed_stacks: set[UUID] = field(default_factory=set)
    new_tiers: set[tuple[UUID, int]] = field(default_factory=set)
    changed_records: dict[tuple[UUID, int], RecordRow] = field(default_factory=dict)
    new_calendar: list[tuple[int, UUID, DistrictFact]] = field(default_factory=list)
    opened: dict[tuple[UUID, int], Row] = field(default_factory=dict)
    closed: dict[tuple[UUID, int], int] = field(default_factory=dict)
    ended_wishes: dict[tuple[UUID, int], int] = field(default_factory=dict)
    # By person, policy, year, and whether the claim is on a pool that is given out when it closes.
    marks: dict[tuple[UUID, UUID, int, bool], int] = field(default_factory=dict)

    def teacher(self, person_id: UUID) -> Teacher:
        """What is known of a person; a page that is empty still when nothing is."""
        teacher = self.teachers.get(person_id)
        if teacher is None:
            teacher = self.teachers[person_id] = Teacher(person_id)
        return teacher

    def add_policy(self, policy: Policy) -> None:
        """Put a policy into the book, or its new state in place of the old."""
        self.policies[policy.policy_id] = policy
        self.by_district.setdefault(policy.district_id, {})[policy.policy_id] = None

    def fold(self, fact: Fact[PayoutEvent]) -> None:
        """Take one fact in, and judge anew whatever it may have changed."""
        position, event = fact
        match event:
            case Awarded() | Revoked() | Reinstated():
                self._award(event, position)
            case CredentialVersionPublished():
                key = (event.originator_id, event.credential_version)
                self.tiers[key] = (event.definition.tier, position)
                self.new_tiers.add(key)
            case PolicyRuleAdopted():
                self._rule(event, position)
            case PolicyAdopted() | PolicyRetired():
                self._policy(event, position)
            case StackDefined() | StackRetired():
                self._stack(event, position)
            case (
                DossierFactRecorded()
                | DossierFactWithdrawn()
                | CreditRecorded()
                | CreditWithdrawn()
                | OpeningRecorded()
            ):
                self._record(event, position)
            case (
                BatchLinesListed()
                | BatchClosed()
                | BatchVoided()
                | ReturnLinesListed()
                | LineReleased()
                | LineWrittenOff()
            ):
                self._payroll(event, position)
            case CalendarFactRecorded():
                self._calendar(event, position)
            case Enrolled() | Submitted() | Resubmitted():
                pass  # noted apart, for they are most of the log
            case _:
                self._employment(event, position)

    def _award(self, event: AwardEvent, position: int) -> None:
        teacher = self.teacher(event.person_id)
        award = self._award_after(teacher, event, position)
        teacher.awards[award.enrollment_id] = award
        self.changed_awards[award.enrollment_id] = (teacher.person_id, award)
        for district_id in {job.district_id for job in teacher.employments.values()}:
            for policy in self._policies_of(district_id):
                last = isinstance(event, Awarded) and not policy.stack_ids
                alone = (last or not policy.capped) and not teacher.merged
                self._judge(teacher, policy, position, award if alone else None)
            self._judge_by_rules(teacher, district_id, position)

    def _award_after(self, teacher: Teacher, event: AwardEvent, position: int) -> Award:
        if not isinstance(event, Awarded):
            return teacher.awards[event.originator_id].after(event, position)
        key = (event.credential_id, event.credential_version)
        return award_of(event, position, *self.tiers.get(key, (None, None)))

    def _employment(self, event: EmploymentEvent, position: int) -> None:
        teacher = self.teacher(event.person_id)
        job = employment_after(teacher.employments.get(event.originator_id), event, position)
        teacher.employments[job.employment_id] = job
        self.changed_employments[job.employment_id] = (teacher.person_id, job)
        if teacher.awards:
            for policy in self._policies_of(job.district_id):
                self._judge(teacher, policy, position)
        self._judge_by_rules(teacher, job.district_id, position)

    def _record(self, event: RecordEvent, position: int) -> None:
        """Something about her was put on file, or what was on file counts no more."""
        teacher = self.teacher(event.person_id)
        row = record_after(teacher.recorded, event, position)
        key = (row.stream, row.version)
        self.changed_records[key] = row
        if row.withdrawn_position is not None:
            del teacher.recorded[key]
        else:
            recorded = Recorded(row.stream, row.version, row.position, row.fact)
            teacher.recorded[key] = (row.district_id, recorded)
        self._judge_by_rules(teacher, event.district_id, position)
        if isinstance(row.fact, OpeningPayment) and row.fact.policy_id in self.policies:
            self._judge(teacher, self.policies[row.fact.policy_id], position)

    def _calendar(self, event: CalendarFactRecorded, position: int) -> None:
        """A dated fact of a district; one that closes a pool changes what its claims get, later."""
        fact = closing_fact(event)
        self.rules.record(event.district_id, position, fact)
        self.new_calendar.append((position, event.district_id, fact))
        if not isinstance(fact, PoolDrawn):
            for policy in self.rules.of(event.district_id):
                self._judge_all_by_rule(policy, position)
        if isinstance(fact, PoolDrawn | FiscalYearClosed):
            for teacher in self.teachers.values():
                for row in teacher.rows.values():
                    if row.fiscal_year == fact.fiscal_year and row.reason == POOL_OPEN:
                        self._mark(row, position)

    def _payroll(self, event: PaidEvent, position: int) -> None:
        """What was paid has moved: whoever has a rule that asks for it is judged anew."""
        moved = self.paid.take(event, position)
        for policy in self.rules.of(event.district_id) if moved else ():
            if policy.asks_paid:
                for person_id in dict.fromkeys(line.person_id for line in moved):
                    self._judge_by_rule(self.teacher(person_id), policy, position)
        for one in moved:
            held = self.rules.policies.get(one.policy_id) or self.policies.get(one.policy_id)
            if held is not None and held.budgeted:
                self._close(self.teacher(one.person_id), held, one.subject_id, position)

    def _close(
        self, teacher: Teacher, policy: Policy | RulePolicy, subject_id: UUID, position: int
    ) -> None:
        """Payroll closed something for a claim, or that counts no more: it may stand elsewhere."""
        row = teacher.rows.get(teacher.payout_id(policy.policy_id, subject_id))
        if row is not None:
            same = replace(row, from_position=position, closed_cents=0, closed_parts=[])
            self._turn(policy, teacher.rows, row.payout_id, same, position)

    def merge(self, kept: Teacher, merged: Teacher, position: int) -> None:
        """Judge one person's record that was two: what was said of the other ends with it."""
        kept.rows |= merged.rows
        for district_id in {job.district_id for job in kept.employments.values()}:
            for policy in self._policies_of(district_id):
                self._judge(kept, policy, position)
            self._judge_by_rules(kept, district_id, position)
        policies: dict[UUID, Policy | RulePolicy] = {**self.policies, **self.rules.policies}
        left = [row for row in kept.rows.values() if row.person_id != kept.person_id]
        for row in left:
            self._turn(policies[row.policy_id], kept.rows, row.payout_id, None, position)

    def _rule(self, event: PolicyRuleAdopted, position: int) -> None:
        version = RuleVersion(
            event.policy_version, event.board_reference, event.adopted_on, position, event.rule
        )
        policy = adopted(self.rules.policies.get(event.originator_id), version, event)
        self.rules.add(policy)
        self.changed_policies.add(policy.policy_id)
        self._judge_all_by_rule(policy, position)

    def _policy(self, event: PolicyAdopted | PolicyRetired, position: int) -> None:
        policy_id = event.originator_id
        if rule := self.rules.policies.get(policy_id):
            self._retire_rule(rule, event, position)
            return
        policy = self.policies.get(policy_id, Policy(policy_id, event.district_id, ()))
        match event:
            case PolicyAdopted():
                version = Version(
                    event.policy_version,
                    event.board_reference,
                    event.adopted_on,
                    position,
                    event.terms,
                )
                policy = replace(policy, versions=(*policy.versions, version))
            case PolicyRetired():
                policy = replace(policy, last_day=event.last_day, retired_position=position)
        self.add_policy(policy)
        self.changed_policies.add(policy_id)
        self._judge_everybody(policy, position)

    def _stack(self, event: StackEvent, position: int) -> None:
        stack_id = event.originator_id
        self.stacks[stack_id] = eras_after(self.stacks.get(stack_id, ()), event, position)
        self.changed_stacks.add(stack_id)
        for policy in self.policies.values():
            if stack_id in policy.stack_ids:
                self._judge_everybody(policy, position)
        for rule in self.rules.policies.values():
            if stack_id in rule.stack_ids:
                self._judge_all_by_rule(rule, position)

    def _policies_of(self, district_id: UUID) -> list[Policy]:
        return [self.policies[policy_id] for policy_id in self.by_district.get(district_id, ())]

    def _judge_everybody(self, policy: Policy, position: int) -> None:
        for teacher in self.teachers.values():
            if teacher.awards:
                self._judge(teacher, policy, position)

    def _retire_rule(
        self, rule: RulePolicy, event: PolicyAdopted | PolicyRetired, position: int
    ) -> None:
        assert isinstance(event, PolicyRetired), "a policy that began as a rule goes on as one"
        rule = replace(rule, last_day=event.last_day, retired_position=position)
        self.rules.add(rule)
        self.changed_policies.add(rule.policy_id)
        self._judge_all_by_rule(rule, position)

    def _judge_all_by_rule(self, policy: RulePolicy, position: int) -> None:
        for teacher in self.teachers.values():
            self._judge_by_rule(teacher, policy, position)

    def _judge_by_rules(self, teacher: Teacher, district_id: UUID, position: int) -> None:
        for policy in self.rules.of(district_id):
            self._judge_by_rule(teacher, policy, position)

    def _judge_by_rule(self, teacher: Teacher, policy: RulePolicy, position: int) -> None:
        """Bring all her payouts under one rule up to date with an event."""
        if not teacher.employed_in(policy.district_id):
            return
        judged = (
            one.known_as(teacher.payout_id(policy.policy_id, one.finding.occasion.subject_id))
            for one in judge_rules(policy, self.dossier(teacher, policy))
        )
        new = {
            one.finding.entitlement_id: rule_row(teacher.person_id, policy, one, position)
            for one in judged
        }
        held = [row.payout_id for row in teacher.rows.values() if row.policy_id == policy.policy_id]
        for payout_id in dict.fromkeys([*new, *held]):
            self._turn(policy, teacher.rows, payout_id, new.get(payout_id), position)

    def dossier(self, teacher: Teacher, policy: RulePolicy) -> Dossier:
        """What a rule is given about somebody, as far as the book has come."""
        district_id = policy.district_id
        jobs = teacher.employed_in(district_id)
        done = {
            stack_id: found
            for stack_id in policy.stack_ids
            if jobs
            and (found := completion(self.stacks.get(stack_id, ()), teacher.awards.values()))
        }
        return dossier_of(
            teacher.person_id,
            self.rules.district(district_id),
            district_id,
            awards=teacher.awards.values(),
            jobs=jobs,
            recorded=teacher.recorded_in(district_id),
            completions=done,
            paid=self.paid.of(teacher.person_id, district_id),
            begun=self.begun,
        )

    def _judge(
        self, teacher: Teacher, policy: Policy, position: int, only: Award | None = None
    ) -> None:
        """Bring her payouts under one policy up to date with an event.

        `only`: nothing but this award has to be judged. No cap ties the others to it; or else it
        is new and so stands behind all of them, and what they come to is known.
        """
        jobs = teacher.employed_in(policy.district_id)
        if not jobs:
            return
        earned = list(teacher.earned(policy, self.stacks, only))
        known = teacher.paid_before if only is None else teacher.used_cents
        used = known(policy.policy_id)
        judged = {one.earned.subject_id: one for one in judge(policy, earned, jobs, used)}
        for subject_id in [one.subject_id for one in earned]:
            payout_id = teacher.payout_id(policy.policy_id, subject_id)
            found = judged.get(subject_id)
            new = found and row_of(payout_id, teacher.person_id, policy, found, position)
            self._turn(policy, teacher.rows, payout_id, new, position)

    def _turn(
        self,
        policy: Policy | RulePolicy,
        rows: dict[UUID, Row],
        payout_id: UUID,
        new: Row | None,
        position: int,
    ) -> None:
        """One version of a payout ends and the next begins, unless they say the same."""
        old = rows.get(payout_id)
        if new is not None and policy.budgeted:
            about = (new.person_id, new.policy_id, new.subject_id)
            new.take_closed(self.paid.closed_cents(*about))
        if old is not None:
            if new is not None and replace(new, from_position=old.from_position) == old:
                return
            key = (payout_id, old.from_position)
            if key in self.opened:
                self.opened[key] = replace(old, to_position=position)
            else:
                self.closed[key] = position
                if old.reason == POOL_OPEN:
                    self.ended_wishes[key] = position
            del rows[payout_id]
        if new is not None:
            self.opened[payout_id, position] = rows[payout_id] = new
        if policy.budgeted or (isinstance(policy, RulePolicy) and policy.pooled):
            for row in filter(None, (old, new)):
                if row.verdict == "due" or row.reason == POOL_OPEN:
                    self._mark(row, position)

    def _mark(self, row: Row, position: int) -> None:
        """What is out of somebody's hands has to be settled with everybody's from here on."""
        line = (row.person_id, row.policy_id, row.fiscal_year, row.reason == POOL_OPEN)
        self.marks.setdefault(line, position)
