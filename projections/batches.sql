-- Payroll batches, their lines and what became of each, and what people decided about entitlements.
-- Closed lines are what rules count as spent; they follow from the log alone, from no other table.

-- name: create
CREATE TABLE IF NOT EXISTS batches (
    batch_id         uuid     PRIMARY KEY,
    district_id      uuid     NOT NULL,
    number           int      NOT NULL,
    state            text     NOT NULL,  -- as far as it does not follow from the lines
    pay_date         date     NOT NULL,
    through_position bigint   NOT NULL,  -- up to where the log was read for its lines
    terms_version    int      NOT NULL,
    approvals_needed int      NOT NULL,
    line_count       int      NOT NULL,
    sum_cents        bigint   NOT NULL,
    positive_cents   bigint   NOT NULL,
    negative_cents   bigint   NOT NULL,
    prepared_by      uuid     NOT NULL,
    approved_by      uuid[]   NOT NULL,
    file             jsonb,              -- where the frozen lines are
    exports          jsonb    NOT NULL,  -- by layout: its version, and where the file is
    void_reason      text,
    variance_cents   bigint,             -- as somebody signed it
    explanation      text,
    closed_position  bigint,
    voided_position  bigint,
    version          int      NOT NULL,
    position         bigint   NOT NULL   -- of the last event of its stream
);
CREATE UNIQUE INDEX IF NOT EXISTS batches_of_district ON batches (district_id, number);

CREATE TABLE IF NOT EXISTS batch_lines (
    line_id           uuid    NOT NULL,
    attempt           int     NOT NULL,
    batch_id          uuid    NOT NULL,
    district_id       uuid    NOT NULL,
    person_id         uuid    NOT NULL,
    kind              text    NOT NULL,
    instalment        int     NOT NULL,
    entitlement_id    uuid    NOT NULL,
    policy_id         uuid    NOT NULL,
    policy_version    int     NOT NULL,
    subject_id        uuid    NOT NULL,
    earned_on         date    NOT NULL,
    amount_cents      bigint  NOT NULL,
    earning_code      text    NOT NULL,
    fund_source       text,
    account           text,
    original_line_id  uuid,
    original_pay_date date,
    original_tax_year int,
    answer            text,              -- accepted, rejected, bypassed, pending
    code              text,
    paid_cents        bigint,
    paid_on           date,
    exception         text,              -- then the answer does not count
    disputed          boolean NOT NULL,  -- another answer contradicts the one that counts
    settled           text,              -- released, written_off
    position          bigint  NOT NULL,
    PRIMARY KEY (line_id, attempt)
);
CREATE INDEX IF NOT EXISTS batch_lines_of_batch ON batch_lines (batch_id, line_id);
CREATE INDEX IF NOT EXISTS batch_lines_of_person ON batch_lines (person_id, district_id);
CREATE INDEX IF NOT EXISTS batch_lines_of_entitlement ON batch_lines (entitlement_id);
CREATE INDEX IF NOT EXISTS batch_lines_of_district ON batch_lines (district_id, line_id, attempt);

CREATE TABLE IF NOT EXISTS batch_quarantine (
    batch_id      uuid   NOT NULL,
    line_id       uuid   NOT NULL,  -- as a return file named it
    district_id   uuid   NOT NULL,
    return_number int    NOT NULL,
    position      bigint NOT NULL,
    PRIMARY KEY (batch_id, line_id)
);

CREATE TABLE IF NOT EXISTS batch_log (
    position    bigint      PRIMARY KEY,
    batch_id    uuid        NOT NULL,
    district_id uuid        NOT NULL,
    happened    text        NOT NULL,
    actor_id    uuid        NOT NULL,
    occurred_at timestamptz NOT NULL,
    detail      jsonb       NOT NULL
);
CREATE INDEX IF NOT EXISTS batch_log_of_batch ON batch_log (batch_id, position);

CREATE TABLE IF NOT EXISTS entitlement_decisions (
    entitlement_id uuid   PRIMARY KEY,
    district_id    uuid   NOT NULL,
    person_id      uuid   NOT NULL,
    held_reason    text,
    approved_cents bigint,
    position       bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS entitlement_decisions_of_district
    ON entitlement_decisions (district_id);

CREATE TABLE IF NOT EXISTS corrections (
    line_id           uuid   PRIMARY KEY,
    district_id       uuid   NOT NULL,
    entitlement_id    uuid   NOT NULL,
    person_id         uuid   NOT NULL,
    correction        int    NOT NULL,
    kind              text   NOT NULL,
    amount_cents      bigint NOT NULL,
    policy_id         uuid   NOT NULL,
    policy_version    int    NOT NULL,
    subject_id        uuid   NOT NULL,
    earned_on         date   NOT NULL,
    original_line_id  uuid   NOT NULL,
    original_attempt  int    NOT NULL,
    original_pay_date date   NOT NULL,
    original_tax_year int    NOT NULL,
    owed_cents        bigint NOT NULL,
    closed_cents      bigint NOT NULL,
    adopted_by        uuid   NOT NULL,
    position          bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS corrections_of_district ON corrections (district_id, position);

CREATE TABLE IF NOT EXISTS payroll_terms (
    district_id   uuid   NOT NULL,
    terms_version int    NOT NULL,
    terms         jsonb  NOT NULL,
    set_by        uuid   NOT NULL,
    position      bigint NOT NULL,
    PRIMARY KEY (district_id, terms_version)
);

-- name: load
SELECT * FROM batches WHERE batch_id = ANY(%(batch_ids)s);

-- name: load_decisions
SELECT * FROM entitlement_decisions WHERE entitlement_id = ANY(%(entitlement_ids)s);

-- name: save
INSERT INTO batches
SELECT r.* FROM json_populate_recordset(NULL::batches, %(rows)s) r
    ON CONFLICT (batch_id) DO UPDATE
   SET state = excluded.state, approved_by = excluded.approved_by, file = excluded.file,
       exports = excluded.exports, void_reason = excluded.void_reason,
       variance_cents = excluded.variance_cents, explanation = excluded.explanation,
       closed_position = excluded.closed_position, voided_position = excluded.voided_position,
       version = excluded.version, position = excluded.position;

-- name: add_lines
INSERT INTO batch_lines SELECT r.* FROM json_populate_recordset(NULL::batch_lines, %(rows)s) r;

-- name: answer_lines
UPDATE batch_lines
   SET answer = r.answer, code = r.code, paid_cents = r.paid_cents, paid_on = r.paid_on,
       exception = r.exception
  FROM json_populate_recordset(NULL::batch_lines, %(rows)s) r
 WHERE batch_lines.batch_id = r.batch_id AND batch_lines.line_id = r.line_id;

-- name: dispute_lines
UPDATE batch_lines
   SET disputed = true
  FROM json_populate_recordset(NULL::batch_lines, %(rows)s) r
 WHERE batch_lines.batch_id = r.batch_id AND batch_lines.line_id = r.line_id;

-- name: settle_lines
UPDATE batch_lines
   SET settled = r.settled
  FROM json_populate_recordset(NULL::batch_lines, %(rows)s) r
 WHERE batch_lines.line_id = r.line_id AND batch_lines.attempt = r.attempt;

-- name: add_rest
-- What is only ever added, in one trip.
WITH quarantine AS (
    INSERT INTO batch_quarantine
    SELECT r.* FROM json_populate_recordset(NULL::batch_quarantine, %(quarantine)s) r),
adopted AS (
    INSERT INTO corrections
    SELECT r.* FROM json_populate_recordset(NULL::corrections, %(adopted)s) r),
terms AS (
    INSERT INTO payroll_terms
    SELECT r.* FROM json_populate_recordset(NULL::payroll_terms, %(terms)s) r),
decisions AS (
    INSERT INTO entitlement_decisions
    SELECT r.* FROM json_populate_recordset(NULL::entitlement_decisions, %(decisions)s) r
        ON CONFLICT (entitlement_id) DO UPDATE
       SET held_reason = excluded.held_reason, approved_cents = excluded.approved_cents,
           position = excluded.position)
INSERT INTO batch_log
SELECT r.* FROM json_populate_recordset(NULL::batch_log, %(log)s) r;

-- name: of_district
-- The newest first.
SELECT b.*
  FROM batches b
 WHERE b.district_id = %(district_id)s AND b.number < %(before)s
 ORDER BY b.number DESC
 LIMIT %(limit)s;

-- name: districts
SELECT DISTINCT district_id FROM batches ORDER BY district_id;

-- name: batch
SELECT b.* FROM batches b WHERE b.batch_id = %(batch_id)s;

-- name: batch_before
SELECT b.*
  FROM batches b
 WHERE b.district_id = %(district_id)s AND b.number < %(number)s
   AND b.file IS NOT NULL AND b.voided_position IS NULL
 ORDER BY b.number DESC
 LIMIT 1;

-- name: paid_in
SELECT person_id::text, amount_cents FROM batch_lines WHERE batch_id = %(batch_id)s;

-- name: log_of_batch
SELECT position, happened, actor_id, occurred_at, detail
  FROM batch_log
 WHERE batch_id = %(batch_id)s AND position > %(after)s AND position <= %(until)s
 ORDER BY position
 LIMIT %(limit)s;

-- name: payers_of_person
SELECT DISTINCT district_id FROM batch_lines WHERE person_id = %(person_id)s;

-- name: quarantine
SELECT line_id, return_number, position
  FROM batch_quarantine
 WHERE batch_id = %(batch_id)s
 ORDER BY position, line_id;

-- name: lines
-- Each attempt of each line, with what it has come to. The blocks that follow narrow it down.
SELECT l.line_id, l.attempt, l.batch_id, b.number, l.person_id, l.kind, l.instalment,
       l.entitlement_id, l.policy_id, l.policy_version, l.subject_id, l.earned_on, l.amount_cents,
       l.earning_code, l.fund_source, l.account, l.original_line_id, l.original_pay_date,
       l.original_tax_year, b.pay_date, now.status, l.answer, l.code, l.paid_cents, l.paid_on,
       l.exception, l.disputed, b.closed_position, b.voided_position
  FROM batch_lines l
       JOIN batches b USING (batch_id)
       CROSS JOIN LATERAL (
             SELECT CASE WHEN b.voided_position IS NOT NULL THEN 'voided'
                         WHEN l.settled IS NOT NULL THEN l.settled
                         WHEN l.exception IS NULL AND l.answer = 'accepted' THEN
                              CASE WHEN l.paid_on IS NULL THEN 'accepted' ELSE 'paid' END
                         WHEN l.exception IS NULL AND l.answer IN ('rejected', 'bypassed')
                         THEN l.answer
                         WHEN b.exports <> '{}' THEN 'exported'
                         WHEN b.closed_position IS NOT NULL THEN 'closed'
                         ELSE 'batched' END AS status) AS now

-- name: lines_of_batch
 WHERE l.batch_id = %(batch_id)s AND l.line_id > %(after)s
 ORDER BY l.line_id
 LIMIT %(limit)s;

-- name: line_ids_of_batch
SELECT line_id FROM batch_lines WHERE batch_id = %(batch_id)s;

-- name: lines_of_person
 WHERE l.person_id = %(person_id)s
 ORDER BY b.pay_date, b.number, l.line_id;

-- name: lines_for_person
 WHERE l.person_id = %(person_id)s AND l.district_id = %(district_id)s
 ORDER BY b.pay_date, b.number, l.line_id;

-- name: last_tries
-- The newest attempt of every line of a district.
 WHERE l.district_id = %(district_id)s
   AND NOT EXISTS (SELECT FROM batch_lines later
                    WHERE later.line_id = l.line_id AND later.attempt > l.attempt);

-- name: tries_of_entitlements
 WHERE l.entitlement_id = ANY(%(entitlement_ids)s)
   AND NOT EXISTS (SELECT FROM batch_lines later
                    WHERE later.line_id = l.line_id AND later.attempt > l.attempt);

-- name: closed_lines
-- What rules count as spent: closed, not voided, and neither rejected nor let go, at a position.
 WHERE l.district_id = %(district_id)s AND b.closed_position <= %(as_of)s
   AND now.status NOT IN ('voided', 'rejected', 'released')
 ORDER BY b.number, l.line_id;

-- name: line
 WHERE l.line_id = %(line_id)s AND l.attempt = %(attempt)s;

-- name: corrections_of_district
SELECT line_id, correction, kind, amount_cents, entitlement_id, person_id, policy_id,
       policy_version, subject_id, earned_on, original_line_id, original_attempt,
       original_pay_date, original_tax_year, owed_cents, closed_cents, adopted_by, position
  FROM corrections
 WHERE district_id = %(district_id)s AND position <= %(as_of)s
 ORDER BY position;

-- name: decisions_of_district
SELECT entitlement_id, held_reason, approved_cents
  FROM entitlement_decisions
 WHERE district_id = %(district_id)s;

-- name: decisions_of_entitlements
SELECT entitlement_id, held_reason, approved_cents
  FROM entitlement_decisions
 WHERE entitlement_id = ANY(%(entitlement_ids)s);

-- name: terms_of_district
SELECT terms_version, terms, set_by, position
  FROM payroll_terms
 WHERE district_id = %(district_id)s
 ORDER BY terms_version;

-- name: sums_of_batch
SELECT coalesce(sum(amount_cents), 0)::bigint AS exported_cents,
       coalesce(sum(coalesce(paid_cents, amount_cents)) FILTER (WHERE answer = 'accepted'),
                0)::bigint AS accepted_cents,
       coalesce(sum(amount_cents) FILTER (WHERE answer = 'rejected'), 0)::bigint AS rejected_cents,
       coalesce(sum(amount_cents) FILTER (WHERE answer = 'bypassed'), 0)::bigint AS bypassed_cents,
       coalesce(sum(amount_cents) FILTER (WHERE answer IS NULL OR answer = 'pending'),
                0)::bigint AS pending_cents,
       count(*) FILTER (WHERE exception IS NOT NULL OR disputed) AS exceptions
  FROM batch_lines
 WHERE batch_id = %(batch_id)s;
