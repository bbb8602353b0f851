-- Which records are said to be wrong, and by when their offices have to answer.

-- name: create
CREATE TABLE IF NOT EXISTS disputes (
    dispute_id   uuid        PRIMARY KEY,
    person_id    uuid        NOT NULL,
    about        text        NOT NULL,
    subject_id   uuid        NOT NULL,  -- the enrollment, or the acceptance
    number       integer     NOT NULL,
    issuer_id    uuid,                  -- that has to answer, or else
    district_id  uuid,
    zone         text        NOT NULL,  -- of the days below
    opened_at    timestamptz NOT NULL,
    opened_on    date        NOT NULL,
    due_on       date        NOT NULL,
    statement_id uuid        NOT NULL,  -- in the vault, as are the other words
    stage        text        NOT NULL,
    outcome      text,
    reason       text,
    words_id     uuid,
    answered_on  date,
    rebuttal_id  uuid,
    version      integer     NOT NULL,
    positions    bigint[]    NOT NULL
);
CREATE INDEX IF NOT EXISTS disputes_of_person ON disputes (person_id);
CREATE INDEX IF NOT EXISTS disputes_of_issuer ON disputes (issuer_id, due_on, dispute_id);
CREATE INDEX IF NOT EXISTS disputes_of_district ON disputes (district_id, due_on, dispute_id);

-- name: load
SELECT * FROM disputes WHERE dispute_id = ANY(%(ids)s);

-- name: save
INSERT INTO disputes
SELECT r.* FROM json_populate_recordset(NULL::disputes, %(rows)s) r
    ON CONFLICT (dispute_id) DO UPDATE
   SET stage = excluded.stage, outcome = excluded.outcome, reason = excluded.reason,
       words_id = excluded.words_id, answered_on = excluded.answered_on,
       rebuttal_id = excluded.rebuttal_id, version = excluded.version,
       positions = excluded.positions;

-- name: of_person
SELECT * FROM disputes WHERE person_id = %(person_id)s ORDER BY positions[1] DESC;

-- name: queue
SELECT * FROM disputes
 WHERE (issuer_id = %(office_id)s OR district_id = %(office_id)s)
   AND (due_on, dispute_id) > (%(due_on)s, %(dispute_id)s)
   AND (stage = 'open' OR NOT %(open_only)s)
 ORDER BY due_on, dispute_id
 LIMIT %(limit)s;
