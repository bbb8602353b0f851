-- The review of every enrollment: where it stands, who has to act next, and by when.

-- name: create
CREATE TABLE IF NOT EXISTS reviews (
    enrollment_id      uuid PRIMARY KEY,
    person_id          uuid NOT NULL,
    credential_id      uuid NOT NULL,
    credential_version integer NOT NULL,
    issuer_id          uuid NOT NULL,
    state              text NOT NULL,
    attempt            integer NOT NULL,  -- the newest handed in; 0 before the first
    acts_next          text NOT NULL,     -- teacher, assessor, adjudicator, approver or nobody
    appeal_open        boolean NOT NULL,
    submitted_on       date,
    zone               text,              -- of the days here
    seats              jsonb NOT NULL,
    open_assessors     uuid[] NOT NULL,   -- who still has to score
    days_left          integer,           -- business days when the clock last started or stopped
    clock_from         date,              -- null while the clock stands
    due_on             date,              -- null while the clock stands
    position           bigint NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX IF NOT EXISTS reviews_due
    ON reviews (issuer_id, due_on, enrollment_id) WHERE due_on IS NOT NULL;
CREATE INDEX IF NOT EXISTS reviews_open_assessors
    ON reviews USING gin (open_assessors) WHERE open_assessors <> '{}';
CREATE INDEX IF NOT EXISTS reviews_standing
    ON reviews (issuer_id, position) WHERE due_on IS NULL AND acts_next = 'approver';
-- Who scored what, for good: found again when an assessor is no holder any more.
CREATE TABLE IF NOT EXISTS review_scores (
    position      bigint PRIMARY KEY,
    enrollment_id uuid NOT NULL,
    credential_id uuid NOT NULL,
    assessor_id   uuid NOT NULL
);
CREATE INDEX IF NOT EXISTS review_scores_of ON review_scores (credential_id, assessor_id);
CREATE TABLE IF NOT EXISTS review_issuers (
    issuer_id     uuid PRIMARY KEY,
    business_days integer NOT NULL,       -- from a submission to its decision
    holidays      date[] NOT NULL,
    recount       boolean NOT NULL        -- the holidays changed after days were counted by them
);
CREATE INDEX IF NOT EXISTS review_issuers_recount ON review_issuers (issuer_id) WHERE recount;

-- name: load
SELECT * FROM reviews WHERE enrollment_id = ANY(%(enrollment_ids)s);

-- name: load_issuers
SELECT * FROM review_issuers WHERE issuer_id = ANY(%(issuer_ids)s);

-- name: save
INSERT INTO reviews
SELECT r.* FROM json_populate_recordset(NULL::reviews, %(rows)s) r
    ON CONFLICT (enrollment_id) DO UPDATE
   SET state = excluded.state, attempt = excluded.attempt, acts_next = excluded.acts_next,
       appeal_open = excluded.appeal_open, submitted_on = excluded.submitted_on,
       zone = excluded.zone, seats = excluded.seats, open_assessors = excluded.open_assessors,
       days_left = excluded.days_left, clock_from = excluded.clock_from,
       due_on = excluded.due_on, position = excluded.position;

-- name: save_scores
INSERT INTO review_scores
SELECT r.* FROM json_populate_recordset(NULL::review_scores, %(rows)s) r;

-- name: save_issuers
INSERT INTO review_issuers
SELECT r.* FROM json_populate_recordset(NULL::review_issuers, %(rows)s) r
    ON CONFLICT (issuer_id) DO UPDATE
   SET business_days = excluded.business_days, holidays = excluded.holidays,
       recount = excluded.recount;

-- name: issuers_to_recount
SELECT * FROM review_issuers WHERE recount;

-- name: running_of_issuer
SELECT enrollment_id, clock_from, days_left, due_on
  FROM reviews
 WHERE issuer_id = %(issuer_id)s AND due_on IS NOT NULL;

-- name: save_due
UPDATE reviews
   SET due_on = r.due_on
  FROM json_to_recordset(%(rows)s) AS r(enrollment_id uuid, due_on date)
 WHERE reviews.enrollment_id = r.enrollment_id;

-- name: recounted
UPDATE review_issuers SET recount = false WHERE recount;

-- name: queue
-- What an issuer has to decide, the most urgent first.
SELECT *
  FROM reviews
 WHERE issuer_id = %(issuer_id)s AND due_on IS NOT NULL
   AND (due_on, enrollment_id) > (%(after_due)s, %(after_id)s)
   AND (%(acts_next)s::text IS NULL OR acts_next = %(acts_next)s)
   AND (%(credential_id)s::uuid IS NULL OR credential_id = %(credential_id)s)
 ORDER BY due_on, enrollment_id
 LIMIT %(limit)s;

-- name: standing
-- Held for integrity or appealed: no clock runs, and the issuer's approver has to act.
SELECT *
  FROM reviews
 WHERE issuer_id = %(issuer_id)s AND due_on IS NULL AND acts_next = 'approver'
 ORDER BY position;

-- name: worklist
-- What an assessor has to score, across issuers. The clock may stand while she looks.
SELECT *
  FROM reviews
 WHERE enrollment_id = ANY (ARRAY (
           SELECT unnest(assigned_to(one)) FROM unnest(%(assessor_ids)s::uuid[]) AS one))
   AND open_assessors && %(assessor_ids)s::uuid[]
 ORDER BY due_on NULLS LAST, enrollment_id;

-- name: review
SELECT * FROM reviews WHERE enrollment_id = %(enrollment_id)s;
