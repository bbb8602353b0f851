-- One line for each enrollment: what a teacher set out to earn and what came of it.

-- name: create
CREATE TABLE IF NOT EXISTS transcript_lines (
    enrollment_id        uuid PRIMARY KEY,
    person_id            uuid NOT NULL,
    enrolled_position    bigint NOT NULL,  -- orders a person's lines, and pages through them
    credential_id        uuid NOT NULL,
    credential_version   integer NOT NULL,
    issuer_id            uuid NOT NULL,
    cycle                integer NOT NULL,
    renews_enrollment_id uuid,
    enrolled_at          timestamptz NOT NULL,
    status               text NOT NULL,
    attempts             jsonb NOT NULL,   -- each attempt handed in, the newest last
    appeal               text,             -- of the newest decision: open, upheld or overturned
    zone                 text,             -- of the days below
    decided_on           date,             -- the day of the newest decision or award
    awarded_on           date,
    expires_on           date,             -- the first day on which the award no longer holds
    revoked_on           date,
    reason               text,             -- why withdrawn, revoked or reinstated, as a code
    positions            bigint[] NOT NULL -- the events that made the line
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX IF NOT EXISTS transcript_lines_of_person
    ON transcript_lines (person_id, enrolled_position);
CREATE INDEX IF NOT EXISTS transcript_lines_turned
    ON transcript_lines (issuer_id) WHERE reason IS NOT NULL;

-- name: load
SELECT *
  FROM transcript_lines
 WHERE enrollment_id = ANY(%(enrollment_ids)s);

-- name: save
INSERT INTO transcript_lines
SELECT r.* FROM json_populate_recordset(NULL::transcript_lines, %(rows)s) r
    ON CONFLICT (enrollment_id) DO UPDATE
   SET status = excluded.status, attempts = excluded.attempts, appeal = excluded.appeal,
       zone = excluded.zone, decided_on = excluded.decided_on, awarded_on = excluded.awarded_on,
       expires_on = excluded.expires_on, revoked_on = excluded.revoked_on,
       reason = excluded.reason, positions = excluded.positions;

-- name: of_person
-- Whether anything else is printed beside her lines is asked here: it hardly ever is, and each
-- further statement costs a reader more than this one.
SELECT l.*, v.title, v.tier, i.name AS issuer_name,
       EXISTS (SELECT FROM disputes WHERE person_id = %(person_id)s) AS disputed,
       EXISTS (SELECT FROM history_streams
                WHERE person_id = %(person_id)s
                  AND kind = ANY ('{opening,acceptance}')) AS brought
  FROM transcript_lines l
  LEFT JOIN catalog_versions v
    ON v.credential_id = l.credential_id AND v.credential_version = l.credential_version
  LEFT JOIN catalog_issuers i ON i.issuer_id = l.issuer_id
 WHERE l.person_id = %(person_id)s AND l.enrolled_position > %(after)s
 ORDER BY l.enrolled_position
 LIMIT %(limit)s;

-- name: of_persons
SELECT l.*, v.title, v.tier, i.name AS issuer_name
  FROM transcript_lines l
  LEFT JOIN catalog_versions v
    ON v.credential_id = l.credential_id AND v.credential_version = l.credential_version
  LEFT JOIN catalog_issuers i ON i.issuer_id = l.issuer_id
 WHERE l.person_id = ANY(%(person_ids)s)
 ORDER BY l.person_id, l.enrolled_position;

-- name: of_enrollment
SELECT l.*, v.title, v.tier, i.name AS issuer_name,
       EXISTS (SELECT FROM disputes d WHERE d.person_id = l.person_id) AS disputed,
       EXISTS (SELECT FROM history_streams h
                WHERE h.person_id = l.person_id
                  AND h.kind = ANY ('{opening,acceptance}')) AS brought
  FROM transcript_lines l
  LEFT JOIN catalog_versions v
    ON v.credential_id = l.credential_id AND v.credential_version = l.credential_version
  LEFT JOIN catalog_issuers i ON i.issuer_id = l.issuer_id
 WHERE l.enrollment_id = %(enrollment_id)s;
