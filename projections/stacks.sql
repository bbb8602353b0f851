-- How far each teacher is with each stack of which she was ever awarded a part.

-- name: create
CREATE TABLE IF NOT EXISTS stack_definitions (
    stack_id               uuid        NOT NULL,
    stack_version          int         NOT NULL,
    issuer_id              uuid        NOT NULL,
    title                  text        NOT NULL,
    requirement            json        NOT NULL,
    capstone_credential_id uuid,
    credential_ids         uuid[]      NOT NULL,  -- every credential the definition names
    from_position          bigint      NOT NULL,
    defined_at             timestamptz NOT NULL,
    to_position            bigint,                -- defined anew there; or, the newest, retired
    PRIMARY KEY (stack_id, stack_version)
);
CREATE INDEX IF NOT EXISTS stack_definitions_by_credential
    ON stack_definitions USING gin (credential_ids);

CREATE TABLE IF NOT EXISTS stack_awards (
    enrollment_id uuid   PRIMARY KEY,
    person_id     uuid   NOT NULL,
    credential_id uuid   NOT NULL,
    position      bigint NOT NULL,
    awarded_on    date   NOT NULL,
    zone          text   NOT NULL,
    expires_on    date,
    revocations   json   NOT NULL     -- pairs of positions: revoked at, reinstated at
);
CREATE INDEX IF NOT EXISTS stack_awards_by_person ON stack_awards (person_id);
CREATE INDEX IF NOT EXISTS stack_awards_by_credential ON stack_awards (credential_id);

CREATE TABLE IF NOT EXISTS stack_progress (
    person_id           uuid     NOT NULL,
    stack_id            uuid     NOT NULL,
    stack_version       int      NOT NULL,  -- the newest, which the progress is measured by
    needed              int      NOT NULL,
    remaining           int      NOT NULL,
    percent             int      NOT NULL,
    earned              uuid[]   NOT NULL,  -- credentials of the stack that she holds
    missing             json,               -- groups and credentials; null when nothing is
    capstone_missing    uuid,
    next_expiry_on      date,               -- from this day on, less is held than said here
    completed_position  bigint,
    completed_on        date,
    completed_version   int,
    completion_stands   boolean,            -- false: an award it rested on was revoked
    completed_by        bigint[],           -- the positions of those awards
    positions           bigint[] NOT NULL,  -- every event that made this line
    PRIMARY KEY (person_id, stack_id)
);
CREATE INDEX IF NOT EXISTS stack_progress_by_stack ON stack_progress (stack_id, person_id);

-- name: load_awards
SELECT person_id, enrollment_id, credential_id, position, awarded_on, zone, expires_on,
       revocations::text
  FROM stack_awards
 WHERE person_id = ANY(%(person_ids)s);

-- name: holders
SELECT DISTINCT person_id FROM stack_awards WHERE credential_id = ANY(%(credential_ids)s);

-- name: load_definitions
SELECT stack_id, issuer_id, title, stack_version, requirement::text, capstone_credential_id,
       from_position, defined_at, to_position
  FROM stack_definitions
 WHERE stack_id IN (SELECT stack_id
                      FROM stack_definitions
                     WHERE stack_id = ANY(%(stack_ids)s)
                        OR credential_ids && %(credential_ids)s::uuid[])
 ORDER BY stack_id, from_position;

-- name: forget_progress
DELETE FROM stack_progress WHERE person_id = %(person_id)s;

-- name: save
-- All that a batch has changed, in one trip: the tables are different, so the order is free.
WITH definitions AS (
    INSERT INTO stack_definitions
    SELECT * FROM json_populate_recordset(NULL::stack_definitions, %(definitions)s)
        ON CONFLICT (stack_id, stack_version) DO UPDATE SET to_position = excluded.to_position),
awards AS (
    INSERT INTO stack_awards
    SELECT * FROM json_populate_recordset(NULL::stack_awards, %(awards)s)
        ON CONFLICT (enrollment_id) DO UPDATE SET revocations = excluded.revocations)
INSERT INTO stack_progress
SELECT * FROM json_populate_recordset(NULL::stack_progress, %(lines)s)
    ON CONFLICT (person_id, stack_id) DO UPDATE
   SET stack_version = excluded.stack_version, needed = excluded.needed,
       remaining = excluded.remaining, percent = excluded.percent, earned = excluded.earned,
       missing = excluded.missing, capstone_missing = excluded.capstone_missing,
       next_expiry_on = excluded.next_expiry_on, completed_position = excluded.completed_position,
       completed_on = excluded.completed_on, completed_version = excluded.completed_version,
       completion_stands = excluded.completion_stands, completed_by = excluded.completed_by,
       positions = excluded.positions;

-- name: of_person
SELECT p.*, d.title, d.issuer_id, d.to_position IS NOT NULL AS retired
  FROM stack_progress p JOIN stack_definitions d USING (stack_id, stack_version)
 WHERE p.person_id = %(person_id)s
 ORDER BY d.title, p.stack_id;

-- name: of_stack
SELECT p.*, d.title, d.issuer_id, d.to_position IS NOT NULL AS retired
  FROM stack_progress p JOIN stack_definitions d USING (stack_id, stack_version)
 WHERE p.stack_id = %(stack_id)s AND p.person_id > %(after)s
 ORDER BY p.person_id
 LIMIT %(limit)s;

-- name: of_persons
SELECT p.*, d.title, d.issuer_id, d.to_position IS NOT NULL AS retired
  FROM stack_progress p JOIN stack_definitions d USING (stack_id, stack_version)
 WHERE p.stack_id = %(stack_id)s AND p.person_id = ANY(%(person_ids)s)
 ORDER BY p.person_id;

-- name: definitions
SELECT stack_id, stack_version, issuer_id, title, requirement, capstone_credential_id,
       from_position, to_position
  FROM stack_definitions
 WHERE stack_id = ANY(%(stack_ids)s)
 ORDER BY title, stack_id, stack_version;
