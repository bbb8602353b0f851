-- What districts owe for awards and completed stacks. A payout is kept as versions, each true from
-- one position of the log until the next, so that "as known at position P" is a plain WHERE.

-- name: create
CREATE TABLE IF NOT EXISTS payout_policies (
    policy_id        uuid   NOT NULL,
    policy_version   int    NOT NULL,
    district_id      uuid   NOT NULL,
    board_reference  text   NOT NULL,
    adopted_on       date   NOT NULL,
    position         bigint NOT NULL,
    stack_id         uuid,             -- what a stack trigger waits for
    is_rule          bool   NOT NULL,  -- whether the terms are written as a rule
    terms            json   NOT NULL,
    last_day         date,             -- nothing is earned after it, under any version
    retired_position bigint,
    PRIMARY KEY (policy_id, policy_version)
);
CREATE INDEX IF NOT EXISTS payout_policies_by_district ON payout_policies (district_id);
CREATE INDEX IF NOT EXISTS payout_policies_by_stack ON payout_policies (stack_id);

CREATE TABLE IF NOT EXISTS payout_stacks (
    stack_id               uuid        NOT NULL,
    stack_version          int         NOT NULL,
    requirement            json        NOT NULL,
    capstone_credential_id uuid,
    from_position          bigint      NOT NULL,
    defined_at             timestamptz NOT NULL,
    to_position            bigint,
    PRIMARY KEY (stack_id, stack_version)
);

CREATE TABLE IF NOT EXISTS payout_tiers (
    credential_id      uuid   NOT NULL,
    credential_version int    NOT NULL,
    tier               text   NOT NULL,
    position           bigint NOT NULL,
    PRIMARY KEY (credential_id, credential_version)
);

CREATE TABLE IF NOT EXISTS payout_awards (
    enrollment_id      uuid   PRIMARY KEY,
    person_id          uuid   NOT NULL,
    credential_id      uuid   NOT NULL,
    position           bigint NOT NULL,
    awarded_on         date   NOT NULL,
    zone               text   NOT NULL,
    expires_on         date,
    revocations        json   NOT NULL,  -- pairs of positions: revoked at, reinstated at
    tier               text,
    published_position bigint,
    issuer_id          uuid,
    revoked_on         date,
    origin_id          uuid              -- the record it came with, where that was merged
);
CREATE INDEX IF NOT EXISTS payout_awards_by_person ON payout_awards (person_id);

-- When enrollments were begun and handed in; of no person, and asked for with an award alone.
CREATE TABLE IF NOT EXISTS payout_begun (
    enrollment_id uuid PRIMARY KEY,
    started_at    timestamptz,
    submitted_on  date
);

-- By which ids payroll knows what was owed to a person under a record that was merged into hers.
CREATE TABLE IF NOT EXISTS payout_ids (
    person_id  uuid NOT NULL,
    policy_id  uuid NOT NULL,
    subject_id uuid NOT NULL,
    payout_id  uuid NOT NULL,
    PRIMARY KEY (person_id, policy_id, subject_id)
);

CREATE TABLE IF NOT EXISTS payout_employments (
    employment_id uuid     PRIMARY KEY,
    person_id     uuid     NOT NULL,
    district_id   uuid     NOT NULL,
    first_day     date     NOT NULL,
    last_day      date,
    duties        json     NOT NULL,
    positions     bigint[] NOT NULL
);
CREATE INDEX IF NOT EXISTS payout_employments_by_person ON payout_employments (person_id);
CREATE INDEX IF NOT EXISTS payout_employments_by_district ON payout_employments (district_id);

-- What rules rest on beside awards and positions; what was withdrawn counts no more.
CREATE TABLE IF NOT EXISTS payout_records (
    stream             uuid   NOT NULL,
    version            int    NOT NULL,
    person_id          uuid   NOT NULL,
    district_id        uuid   NOT NULL,
    position           bigint NOT NULL,
    withdrawn_position bigint,
    fact               json   NOT NULL,
    PRIMARY KEY (stream, version)
);
CREATE INDEX IF NOT EXISTS payout_records_by_person ON payout_records (person_id);

CREATE TABLE IF NOT EXISTS payout_calendars (
    district_id uuid   NOT NULL,
    position    bigint NOT NULL,
    fact        json   NOT NULL,
    PRIMARY KEY (district_id, position)
);

CREATE TABLE IF NOT EXISTS payouts (
    payout_id       uuid     NOT NULL,
    from_position   bigint   NOT NULL,
    to_position     bigint,              -- null: still true
    person_id       uuid     NOT NULL,
    district_id     uuid     NOT NULL,
    policy_id       uuid     NOT NULL,
    policy_version  int      NOT NULL,
    kind            text     NOT NULL,   -- award, stack, or whatever else a rule's trigger finds
    subject_id      uuid     NOT NULL,   -- the enrollment awarded, or the stack completed
    credential_id   uuid,
    earned_on       date     NOT NULL,
    earned_position bigint   NOT NULL,
    award_position  bigint   NOT NULL,   -- with the one before: the place in line
    fiscal_year     int      NOT NULL,
    benefit         text     NOT NULL,
    verdict         text     NOT NULL,   -- before the budget of the program and before today
    reason          text,
    terms_cents     bigint   NOT NULL,
    amount_cents    bigint   NOT NULL,
    budget_cents    bigint,
    payable_on      date     NOT NULL,
    positions       bigint[] NOT NULL,
    checks          text     NOT NULL,   -- a JSON array, kept as text to be compared fast
    parts           text,                -- its instalments; null: one, on the day it is payable
    notice          text,                -- what HR has to know, under a rule
    closed_cents    bigint   NOT NULL,   -- of the amount: it stands ahead of all that is not
    closed_parts    bigint[] NOT NULL,   -- the same of each instalment, from the first on
    PRIMARY KEY (payout_id, from_position)
);
CREATE INDEX IF NOT EXISTS payouts_by_person ON payouts (person_id);
CREATE INDEX IF NOT EXISTS payouts_by_district ON payouts (district_id, earned_position, payout_id);
CREATE INDEX IF NOT EXISTS payouts_by_line ON payouts (policy_id, fiscal_year, from_position);
CREATE INDEX IF NOT EXISTS payouts_left_line ON payouts (policy_id, fiscal_year, to_position)
 WHERE to_position IS NOT NULL;

-- Claims on pools that are given out when they close, as one person's facts alone make them. What
-- they come to is in the table above: as here while the pool is open, as given out from then on.
CREATE TABLE IF NOT EXISTS payout_wishes (LIKE payouts, PRIMARY KEY (payout_id, from_position));
CREATE INDEX IF NOT EXISTS payout_wishes_by_person ON payout_wishes (person_id);
CREATE INDEX IF NOT EXISTS payout_wishes_by_policy ON payout_wishes (policy_id, fiscal_year);

-- Lines of payroll's batches, as far as rules ask for them. Closed lines are their input.
CREATE TABLE IF NOT EXISTS payout_paid (
    line_id          uuid   NOT NULL,
    attempt          int    NOT NULL,
    batch_id         uuid   NOT NULL,
    person_id        uuid   NOT NULL,
    district_id      uuid   NOT NULL,
    policy_id        uuid   NOT NULL,
    subject_id       uuid   NOT NULL,
    kind             text   NOT NULL,
    instalment       int    NOT NULL,
    amount_cents     bigint NOT NULL,
    original_line_id uuid,
    pay_date         date,               -- null: its batch is not closed, or voided
    position         bigint,             -- of the event that closed it
    answer           text,
    paid_on          date,
    settled          text,               -- released, written_off
    PRIMARY KEY (line_id, attempt)
);
CREATE INDEX IF NOT EXISTS payout_paid_of_batch ON payout_paid (batch_id);
CREATE INDEX IF NOT EXISTS payout_paid_of_person ON payout_paid (person_id);

-- Lines that changed since they were last settled; empty between two batches.
CREATE TABLE IF NOT EXISTS payout_marks (
    person_id   uuid   NOT NULL,
    policy_id   uuid   NOT NULL,
    fiscal_year int    NOT NULL,
    pooled      bool   NOT NULL,  -- of a pool that is given out when it closes
    position    bigint NOT NULL,
    PRIMARY KEY (policy_id, fiscal_year, person_id, pooled)
);

-- What a settled line comes to: enough to settle it further while it only grows at its end.
CREATE TABLE IF NOT EXISTS payout_lines (
    policy_id          uuid   NOT NULL,
    fiscal_year        int    NOT NULL,
    claimed_cents      bigint NOT NULL,
    end_position       bigint NOT NULL,
    end_award_position bigint NOT NULL,
    PRIMARY KEY (policy_id, fiscal_year)
);

-- From where to where in the log a claim that is otherwise due has waited for the budget.
CREATE TABLE IF NOT EXISTS payout_waits (
    payout_id     uuid   NOT NULL,
    from_position bigint NOT NULL,
    to_position   bigint,
    PRIMARY KEY (payout_id, from_position)
);

-- name: load_policies
SELECT policy_id, district_id, last_day, retired_position,
       is_rule, policy_version, board_reference, adopted_on, position, terms::text
  FROM payout_policies
 WHERE district_id = ANY(%(district_ids)s)
 ORDER BY policy_id, policy_version;

-- name: districts_paying_for_stacks
SELECT DISTINCT district_id FROM payout_policies WHERE stack_id = ANY(%(stack_ids)s);

-- name: load_stacks
SELECT stack_id, stack_version, requirement::text, capstone_credential_id, from_position,
       defined_at, to_position
  FROM payout_stacks
 WHERE stack_id = ANY(%(stack_ids)s)
 ORDER BY stack_id, from_position;

-- name: load_tiers
SELECT credential_id, credential_version, tier, position
  FROM payout_tiers
 WHERE credential_id = ANY(%(credential_ids)s);

-- name: persons_of_districts
SELECT DISTINCT person_id
  FROM payout_employments JOIN payout_awards USING (person_id)
 WHERE district_id = ANY(%(district_ids)s);

-- name: persons_employed
SELECT DISTINCT person_id FROM payout_employments WHERE district_id = ANY(%(district_ids)s);

-- name: load_records
SELECT person_id, district_id, stream, version, position, fact::text
  FROM payout_records
 WHERE person_id = ANY(%(person_ids)s) AND withdrawn_position IS NULL;

-- name: load_calendars
SELECT district_id, position, fact::text
  FROM payout_calendars
 WHERE district_id = ANY(%(district_ids)s)
 ORDER BY district_id, position;

-- name: persons_known
SELECT DISTINCT person_id FROM payout_employments WHERE person_id = ANY(%(person_ids)s);

-- name: paid_in_batches
SELECT * FROM payout_paid WHERE batch_id = ANY(%(batch_ids)s);

-- name: paid_to_persons
SELECT * FROM payout_paid WHERE person_id = ANY(%(person_ids)s);

-- name: merge_paid
UPDATE payout_paid SET person_id = %(kept_id)s WHERE person_id = %(merged_id)s;

-- name: load_awards
SELECT person_id, enrollment_id, credential_id, position, awarded_on, zone, expires_on,
       tier, published_position, issuer_id, revoked_on, origin_id, revocations::text
  FROM payout_awards
 WHERE person_id = ANY(%(person_ids)s)
 ORDER BY position;

-- name: load_begun
SELECT enrollment_id, started_at, submitted_on
  FROM payout_begun
 WHERE enrollment_id = ANY(%(enrollment_ids)s);

-- name: load_ids
SELECT person_id, policy_id, subject_id, payout_id
  FROM payout_ids
 WHERE person_id = ANY(%(person_ids)s);

-- name: keep_ids
-- What the other record was ever owed keeps its id, but where she is owed the same for the same
-- herself: then the one counts that is due, and of two her own.
WITH other AS (
    SELECT DISTINCT ON (policy_id, subject_id) policy_id, subject_id, payout_id,
           verdict = 'due' AND to_position IS NULL AS due
      FROM payouts
     WHERE person_id = %(merged_id)s
     ORDER BY policy_id, subject_id, from_position DESC),
own AS (
    SELECT policy_id, subject_id, bool_or(verdict = 'due' AND to_position IS NULL) AS due
      FROM payouts
     WHERE person_id = %(kept_id)s
     GROUP BY policy_id, subject_id),
moved AS (
    DELETE FROM payout_ids WHERE person_id = %(merged_id)s
    RETURNING policy_id, subject_id, payout_id)
INSERT INTO payout_ids
SELECT %(kept_id)s, policy_id, subject_id, payout_id
  FROM (SELECT policy_id, subject_id, payout_id
          FROM other LEFT JOIN own USING (policy_id, subject_id)
         WHERE own.policy_id IS NULL OR (other.due AND NOT own.due)
         UNION
        SELECT policy_id, subject_id, payout_id FROM moved) AS named
    ON CONFLICT DO NOTHING;

-- name: merge_awards
UPDATE payout_awards
   SET person_id = %(kept_id)s, origin_id = coalesce(origin_id, %(merged_id)s)
 WHERE person_id = %(merged_id)s;

-- name: merge_employments
UPDATE payout_employments SET person_id = %(kept_id)s WHERE person_id = %(merged_id)s;

-- name: merge_records
UPDATE payout_records SET person_id = %(kept_id)s WHERE person_id = %(merged_id)s;

-- name: load_employments
SELECT person_id, employment_id, district_id, first_day, last_day, duties::text, positions
  FROM payout_employments
 WHERE person_id = ANY(%(person_ids)s)
 ORDER BY positions[1];

-- name: load_payouts
SELECT payout_id, from_position, to_position, person_id, district_id, policy_id, policy_version,
       kind, subject_id, credential_id, earned_on, earned_position, award_position, fiscal_year,
       benefit, verdict, reason, terms_cents, amount_cents, budget_cents, payable_on, positions,
       checks, parts, notice, closed_cents, closed_parts
  FROM (SELECT *
          FROM payouts p
         WHERE person_id = ANY(%(person_ids)s) AND to_position IS NULL
           AND NOT EXISTS (SELECT FROM payout_wishes w
                            WHERE w.payout_id = p.payout_id AND w.to_position IS NULL)
         UNION ALL
        SELECT * FROM payout_wishes
         WHERE person_id = ANY(%(person_ids)s) AND to_position IS NULL) AS held;

-- name: save
-- All that a batch has changed, in one trip: the tables are different, so the order is free.
WITH policies AS (
    INSERT INTO payout_policies
    SELECT * FROM json_populate_recordset(NULL::payout_policies, %(policies)s)
        ON CONFLICT (policy_id, policy_version)
        DO UPDATE SET last_day = excluded.last_day, retired_position = excluded.retired_position),
stacks AS (
    INSERT INTO payout_stacks
    SELECT * FROM json_populate_recordset(NULL::payout_stacks, %(stacks)s)
        ON CONFLICT (stack_id, stack_version) DO UPDATE SET to_position = excluded.to_position),
tiers AS (
    INSERT INTO payout_tiers
    SELECT * FROM json_populate_recordset(NULL::payout_tiers, %(tiers)s)),
awards AS (
    INSERT INTO payout_awards
    SELECT * FROM json_populate_recordset(NULL::payout_awards, %(awards)s)
        ON CONFLICT (enrollment_id) DO UPDATE
       SET revocations = excluded.revocations, revoked_on = excluded.revoked_on),
records AS (
    INSERT INTO payout_records
    SELECT * FROM json_populate_recordset(NULL::payout_records, %(records)s)
        ON CONFLICT (stream, version) DO UPDATE
       SET fact = excluded.fact, withdrawn_position = excluded.withdrawn_position),
calendars AS (
    INSERT INTO payout_calendars
    SELECT * FROM json_populate_recordset(NULL::payout_calendars, %(calendars)s)),
employments AS (
    INSERT INTO payout_employments
    SELECT * FROM json_populate_recordset(NULL::payout_employments, %(employments)s)
        ON CONFLICT (employment_id) DO UPDATE
       SET last_day = excluded.last_day, duties = excluded.duties,
           positions = excluded.positions),
marks AS (
    INSERT INTO payout_marks
    SELECT * FROM json_populate_recordset(NULL::payout_marks, %(marks)s)
        ON CONFLICT (policy_id, fiscal_year, person_id, pooled)
        DO UPDATE SET position = least(payout_marks.position, excluded.position)),
closed AS (
    UPDATE payouts
       SET to_position = row.to_position
      FROM json_populate_recordset(NULL::payouts, %(closed)s) AS row
     WHERE payouts.payout_id = row.payout_id AND payouts.from_position = row.from_position)
INSERT INTO payouts
SELECT * FROM json_populate_recordset(NULL::payouts, %(opened)s);

-- name: save_wishes
WITH ended AS (
    UPDATE payout_wishes
       SET to_position = row.to_position
      FROM json_populate_recordset(NULL::payout_wishes, %(ended)s) AS row
     WHERE payout_wishes.payout_id = row.payout_id
       AND payout_wishes.from_position = row.from_position)
INSERT INTO payout_wishes
SELECT * FROM json_populate_recordset(NULL::payout_wishes, %(began)s);

-- name: save_begun
INSERT INTO payout_begun
SELECT * FROM json_populate_recordset(NULL::payout_begun, %(rows)s)
    ON CONFLICT (enrollment_id) DO UPDATE
   SET started_at = coalesce(payout_begun.started_at, excluded.started_at),
       submitted_on = coalesce(excluded.submitted_on, payout_begun.submitted_on);

-- name: save_paid
INSERT INTO payout_paid
SELECT * FROM json_populate_recordset(NULL::payout_paid, %(lines)s)
    ON CONFLICT (line_id, attempt) DO UPDATE
   SET pay_date = excluded.pay_date, position = excluded.position, answer = excluded.answer,
       paid_on = excluded.paid_on, settled = excluded.settled;

-- name: take_marks
WITH taken AS (DELETE FROM payout_marks RETURNING policy_id, fiscal_year, position, pooled),
     marks AS (
    SELECT policy_id, fiscal_year, pooled, min(position) AS position
      FROM taken
     GROUP BY policy_id, fiscal_year, pooled)
SELECT pooled, policy_id, fiscal_year, position, claimed_cents, end_position, end_award_position
  FROM marks LEFT JOIN payout_lines USING (policy_id, fiscal_year)
 ORDER BY policy_id, fiscal_year, pooled;

-- name: line
SELECT claimed_cents, end_position, end_award_position
  FROM payout_lines
 WHERE policy_id = %(policy_id)s AND fiscal_year = %(fiscal_year)s;

-- name: load_turns
SELECT earned_position, award_position, payout_id, amount_cents, closed_cents, budget_cents,
       from_position, to_position
  FROM payouts
 WHERE policy_id = %(policy_id)s AND fiscal_year = %(fiscal_year)s AND verdict = 'due'
   AND (from_position >= %(position)s OR to_position >= %(position)s)
   AND NOT EXISTS (SELECT FROM payout_wishes w WHERE w.payout_id = payouts.payout_id);

-- name: load_line_before
SELECT earned_position, award_position, payouts.payout_id, amount_cents, closed_cents,
       budget_cents, waits.from_position
  FROM payouts
       LEFT JOIN payout_waits AS waits
       ON waits.payout_id = payouts.payout_id AND waits.to_position IS NULL
 WHERE policy_id = %(policy_id)s AND fiscal_year = %(fiscal_year)s AND verdict = 'due'
   AND payouts.from_position < %(position)s
   AND coalesce(payouts.to_position >= %(position)s, true)
   AND NOT EXISTS (SELECT FROM payout_wishes w WHERE w.payout_id = payouts.payout_id);

-- name: closed_pools
-- Which years of a policy have a pool that is closed, and by which event.
SELECT DISTINCT (c.fact->>'fiscal_year')::int, c.position, c.fact->>'seed'
  FROM payout_policies p JOIN payout_calendars c USING (district_id)
 WHERE p.policy_id = %(policy_id)s
   AND (c.fact->>'kind' = 'fiscal_year_closed'
        OR (c.fact->>'kind' = 'pool_drawn' AND (c.fact->>'policy_id')::uuid = %(policy_id)s));

-- name: wishes
SELECT payout_id, from_position, to_position, person_id, district_id, policy_id, policy_version,
       kind, subject_id, credential_id, earned_on, earned_position, award_position, fiscal_year,
       benefit, verdict, reason, terms_cents, amount_cents, budget_cents, payable_on, positions,
       checks, parts, notice, closed_cents, closed_parts
  FROM payout_wishes
 WHERE policy_id = %(policy_id)s
 ORDER BY payout_id, from_position;

-- name: rules_of_policy
SELECT policy_version, terms::text FROM payout_policies WHERE policy_id = %(policy_id)s AND is_rule;

-- name: take_back
-- What stood in the place of the claims on some pools, whatever it was.
DELETE FROM payouts
 USING payout_wishes w
 WHERE w.policy_id = %(policy_id)s AND w.fiscal_year = ANY(%(fiscal_years)s)
   AND payouts.payout_id = w.payout_id AND payouts.from_position >= w.from_position
   AND coalesce(payouts.from_position < w.to_position, true);

-- name: give_out
INSERT INTO payouts
SELECT * FROM json_populate_recordset(NULL::payouts, %(rows)s);

-- name: save_lines
WITH lines AS (
    INSERT INTO payout_lines
    SELECT * FROM json_populate_recordset(NULL::payout_lines, %(lines)s)
        ON CONFLICT (policy_id, fiscal_year) DO UPDATE
       SET claimed_cents = excluded.claimed_cents, end_position = excluded.end_position,
           end_award_position = excluded.end_award_position),
ended AS (
    UPDATE payout_waits
       SET to_position = row.to_position
      FROM json_populate_recordset(NULL::payout_waits, %(ended)s) AS row
     WHERE payout_waits.payout_id = row.payout_id
       AND payout_waits.from_position = row.from_position)
INSERT INTO payout_waits
SELECT * FROM json_populate_recordset(NULL::payout_waits, %(began)s);

-- name: lines
-- Each payout as known at one position and compared with one day. The blocks that follow narrow
-- it down; a condition that nobody asks for is left out, or the planner would lose the index.
SELECT p.payout_id, p.person_id, p.district_id, p.policy_id, p.policy_version,
       policy.terms->>'title' AS policy_title, policy.board_reference, p.kind, p.subject_id,
       p.credential_id, p.earned_on, p.earned_position, p.fiscal_year, p.benefit, now.status,
       now.reason, p.terms_cents, now.amount_cents, p.payable_on,
       CASE WHEN w.payout_id IS NULL OR w.from_position = ANY(p.positions) THEN p.positions
            ELSE array_append(p.positions, w.from_position) END AS positions
  FROM payouts p
       LEFT JOIN payout_waits w
              ON w.payout_id = p.payout_id AND w.from_position <= %(as_of)s
             AND coalesce(w.to_position > %(as_of)s, true)
       CROSS JOIN LATERAL (
             SELECT CASE WHEN w.payout_id IS NOT NULL AND p.closed_cents = 0 THEN 'pending'
                         WHEN p.verdict = 'due' AND p.payable_on > %(effective_on)s THEN 'pending'
                         ELSE p.verdict END AS status,
                    CASE WHEN w.payout_id IS NOT NULL AND p.closed_cents > 0 THEN p.closed_cents
                         ELSE p.amount_cents END AS amount_cents,
                    CASE WHEN w.payout_id IS NOT NULL THEN 'budget_exhausted'
                         WHEN p.verdict = 'due' AND p.payable_on > %(effective_on)s
                         THEN 'payable_later'
                         ELSE p.reason END AS reason) AS now
       JOIN payout_policies policy
         ON policy.policy_id = p.policy_id AND policy.policy_version = p.policy_version
 WHERE p.from_position <= %(as_of)s AND coalesce(p.to_position > %(as_of)s, true)

-- name: lines_of_payout
   AND p.payout_id = %(payout_id)s;

-- name: lines_of_person
   AND p.person_id = %(person_id)s

-- name: lines_of_subject
   AND p.subject_id = %(subject_id)s

-- name: lines_of_district
   AND p.district_id = %(district_id)s

-- name: lines_with_status
   AND now.status = %(status)s

-- name: lines_of_benefit
   AND p.benefit = %(benefit)s

-- name: page_of_lines
   AND (p.earned_position, p.payout_id) > (%(after_position)s::bigint, %(after_id)s::uuid)
 ORDER BY p.earned_position, p.payout_id
 LIMIT %(limit)s;

-- name: totals
SELECT p.policy_id, p.fiscal_year, p.benefit, count(*) AS pairs,
       count(*) FILTER (WHERE now.status = 'due') AS due,
       count(*) FILTER (WHERE now.status = 'pending') AS pending,
       count(*) FILTER (WHERE now.status = 'not_due') AS not_due,
       coalesce(sum(now.amount_cents) FILTER (WHERE now.status = 'due'), 0)::bigint AS due_cents,
       coalesce(sum(now.amount_cents) FILTER (WHERE now.status = 'pending'), 0)::bigint
           AS pending_cents
  FROM payouts p
       LEFT JOIN payout_waits w
              ON w.payout_id = p.payout_id AND w.from_position <= %(as_of)s
             AND coalesce(w.to_position > %(as_of)s, true)
       CROSS JOIN LATERAL (
             SELECT CASE WHEN w.payout_id IS NOT NULL AND p.closed_cents = 0 THEN 'pending'
                         WHEN p.verdict = 'due' AND p.payable_on > %(effective_on)s THEN 'pending'
                         ELSE p.verdict END AS status,
                    CASE WHEN w.payout_id IS NOT NULL AND p.closed_cents > 0 THEN p.closed_cents
                         ELSE p.amount_cents END AS amount_cents) AS now
 WHERE p.from_position <= %(as_of)s AND coalesce(p.to_position > %(as_of)s, true)
   AND p.district_id = %(district_id)s
 GROUP BY p.policy_id, p.fiscal_year, p.benefit
 ORDER BY p.policy_id, p.fiscal_year, p.benefit;

-- name: notices
-- What HR has to be told: one line for each teacher and first day of a higher base pay.
SELECT p.person_id, p.district_id, p.payable_on AS begins_on,
       p.payable_on <= %(effective_on)s AS in_force,
       sum(p.amount_cents)::bigint AS annual_cents,
       array_agg(p.payout_id ORDER BY p.earned_position, p.payout_id) AS payout_ids
  FROM payouts p
       LEFT JOIN payout_waits w
              ON w.payout_id = p.payout_id AND w.from_position <= %(as_of)s
             AND coalesce(w.to_position > %(as_of)s, true)
 WHERE p.from_position <= %(as_of)s AND coalesce(p.to_position > %(as_of)s, true)
   AND p.district_id = %(district_id)s AND p.verdict = 'due'
   AND p.benefit = ANY(%(of_hr)s)
   AND w.payout_id IS NULL
   AND (p.payable_on, p.person_id) > (%(after_day)s::date, %(after_id)s::uuid)
 GROUP BY p.person_id, p.district_id, p.payable_on
 ORDER BY p.payable_on, p.person_id
 LIMIT %(limit)s;

-- name: parts
-- Each instalment that is due by a day: of a rule as it says, else one on the day it is payable.
-- Of what waits for the budget, what payroll has closed of it.
SELECT p.payout_id, p.person_id, p.policy_id, p.policy_version, p.subject_id, p.credential_id,
       p.earned_on, p.earned_position,
       CASE WHEN w.payout_id IS NULL THEN p.amount_cents ELSE p.closed_cents END AS whole_cents,
       part.instalment, part.due_on,
       CASE WHEN w.payout_id IS NULL THEN part.amount_cents
            ELSE coalesce(p.closed_parts[part.instalment], 0) END AS amount_cents,
       part.recovery, part.fund, part.account, part.pensionable, part.shares
  FROM payouts p
       LEFT JOIN payout_waits w
              ON w.payout_id = p.payout_id AND w.from_position <= %(as_of)s
             AND coalesce(w.to_position > %(as_of)s, true)
       CROSS JOIN LATERAL (
             SELECT 1 AS instalment, p.payable_on AS due_on, p.amount_cents,
                    'reversal' AS recovery, NULL AS fund, NULL AS account, NULL::bool AS pensionable,
                    NULL::json AS shares
              WHERE p.parts IS NULL AND p.benefit = 'one_time'
              UNION ALL
             SELECT *
               FROM json_to_recordset(p.parts::json)
                    AS listed(instalment int, due_on date, amount_cents bigint, recovery text,
                              fund text, account text, pensionable bool, shares json)) AS part
 WHERE p.from_position <= %(as_of)s AND coalesce(p.to_position > %(as_of)s, true)
   AND p.district_id = %(district_id)s AND p.verdict = 'due'
   AND (w.payout_id IS NULL OR p.closed_cents > 0)
   AND part.due_on <= %(effective_on)s
   AND (p.earned_position, p.payout_id) > (%(after_position)s::bigint, %(after_id)s::uuid)
 ORDER BY p.earned_position, p.payout_id, part.instalment
 LIMIT %(limit)s;

-- name: version_of_payout
SELECT policy.terms, policy.adopted_on, policy.position, p.checks::json
  FROM payouts p JOIN payout_policies policy USING (policy_id, policy_version)
 WHERE p.payout_id = %(payout_id)s AND p.from_position <= %(as_of)s
   AND coalesce(p.to_position > %(as_of)s, true);

-- name: claimed_ahead
-- Of others: what payroll has closed, and all of whoever has a place before; for a claim that is
-- closed as a whole, what is closed of these alone.
SELECT coalesce(sum(ahead.cents), 0)::bigint, count(ahead)
  FROM payouts p
       LEFT JOIN LATERAL (
             SELECT CASE WHEN p.closed_cents >= p.amount_cents AND p.closed_cents > 0
                         THEN CASE WHEN place.before THEN other.closed_cents ELSE 0 END
                         WHEN place.before THEN other.amount_cents
                         ELSE other.closed_cents END AS cents
               FROM payouts other
                    CROSS JOIN LATERAL (
                          SELECT (other.earned_position, other.award_position, other.payout_id)
                               < (p.earned_position, p.award_position, p.payout_id) AS before
                         ) AS place
              WHERE other.policy_id = p.policy_id AND other.fiscal_year = p.fiscal_year
                AND other.payout_id <> p.payout_id AND other.verdict = 'due'
                AND other.from_position <= %(as_of)s
                AND coalesce(other.to_position > %(as_of)s, true)) AS ahead
              ON ahead.cents > 0
 WHERE p.payout_id = %(payout_id)s AND p.from_position <= %(as_of)s
   AND coalesce(p.to_position > %(as_of)s, true);

-- name: waits_of
SELECT from_position, CASE WHEN to_position <= %(as_of)s THEN to_position END
  FROM payout_waits
 WHERE payout_id = %(payout_id)s AND from_position <= %(as_of)s
 ORDER BY from_position;

-- name: policies_of_district
SELECT policy_id, policy_version, district_id, board_reference, adopted_on, position, terms,
       last_day, retired_position
  FROM payout_policies
 WHERE district_id = %(district_id)s
 ORDER BY policy_id, policy_version;
