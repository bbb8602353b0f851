-- Each award and the portable record of it: what is still to be issued, and what has become of it.

-- name: create
CREATE TABLE IF NOT EXISTS record_awards (
    enrollment_id      uuid PRIMARY KEY,
    person_id          uuid NOT NULL,
    issuer_id          uuid NOT NULL,
    credential_id      uuid NOT NULL,
    credential_version integer NOT NULL,
    awarded_position   bigint NOT NULL,
    awarded_at         timestamptz NOT NULL,
    zone               text NOT NULL,     -- of the days below
    awarded_on         date NOT NULL,
    expires_on         date,              -- the first day on which the award no longer holds
    revoked_on         date,
    record_id          uuid,              -- null while no record is issued
    list_number        integer,
    status_index       integer,
    key                text,              -- that signed the newest issue
    token_key          text,
    valid_from         timestamptz,       -- of the newest issue
    ciphertext_sha256  text,
    issued_position    bigint
);
CREATE INDEX IF NOT EXISTS record_awards_due ON record_awards (awarded_position)
 WHERE record_id IS NULL AND revoked_on IS NULL;
CREATE INDEX IF NOT EXISTS record_awards_of_person ON record_awards (person_id, awarded_position);
CREATE UNIQUE INDEX IF NOT EXISTS record_awards_place
    ON record_awards (issuer_id, list_number, status_index);
CREATE UNIQUE INDEX IF NOT EXISTS record_awards_record ON record_awards (record_id);

-- name: load
SELECT * FROM record_awards WHERE enrollment_id = ANY(%(enrollment_ids)s);

-- name: save
INSERT INTO record_awards
SELECT r.* FROM json_populate_recordset(NULL::record_awards, %(rows)s) r
    ON CONFLICT (enrollment_id) DO UPDATE
   SET revoked_on = excluded.revoked_on, record_id = excluded.record_id,
       list_number = excluded.list_number, status_index = excluded.status_index,
       key = excluded.key, token_key = excluded.token_key, valid_from = excluded.valid_from,
       ciphertext_sha256 = excluded.ciphertext_sha256, issued_position = excluded.issued_position;

-- name: due
-- Awards without a record, the oldest first; those that are parked come later.
SELECT *
  FROM record_awards
 WHERE record_id IS NULL AND revoked_on IS NULL AND enrollment_id <> ALL(%(parked)s)
 ORDER BY awarded_position
 LIMIT %(limit)s;

-- name: of_person
SELECT *
  FROM record_awards
 WHERE person_id = %(person_id)s AND awarded_position > %(after)s AND record_id IS NOT NULL
 ORDER BY awarded_position
 LIMIT %(limit)s;

-- name: of_record
SELECT * FROM record_awards WHERE record_id = %(record_id)s;

-- name: of_records
SELECT * FROM record_awards WHERE record_id = ANY(%(record_ids)s);

-- name: signed_by_others
-- Records of an issuer, in pages, that another key has signed than those that sign now.
SELECT *
  FROM record_awards
 WHERE issuer_id = %(issuer_id)s AND record_id > %(after)s
   AND NOT (key = %(key)s AND token_key = %(token_key)s)
 ORDER BY record_id
 LIMIT %(limit)s;

-- name: places
-- The newest list of an issuer, and what is taken in it.
SELECT list_number, status_index
  FROM record_awards
 WHERE issuer_id = %(issuer_id)s
   AND list_number = (SELECT max(list_number) FROM record_awards
                       WHERE issuer_id = %(issuer_id)s);

-- name: is_list
SELECT EXISTS (SELECT FROM record_awards
                WHERE issuer_id = %(issuer_id)s AND list_number = %(list_number)s);

-- name: revoked
-- A revocation never takes effect later than on the day it is recorded.
SELECT status_index
  FROM record_awards
 WHERE issuer_id = %(issuer_id)s AND list_number = %(list_number)s AND revoked_on IS NOT NULL
 ORDER BY status_index;

-- name: revoked_records
SELECT record_id
  FROM record_awards
 WHERE issuer_id = %(issuer_id)s AND record_id IS NOT NULL AND revoked_on IS NOT NULL
 ORDER BY record_id;

-- name: somebody
SELECT person_id FROM record_awards WHERE record_id IS NOT NULL ORDER BY issued_position LIMIT 1;

-- name: issuers
SELECT DISTINCT issuer_id FROM record_awards WHERE record_id IS NOT NULL ORDER BY issuer_id;

-- name: count_of_person
SELECT count(*)
  FROM record_awards
 WHERE person_id = %(person_id)s AND record_id IS NOT NULL
   AND (%(since)s::timestamptz IS NULL OR valid_from > %(since)s);

-- name: page_of_person
SELECT *
  FROM record_awards
 WHERE person_id = %(person_id)s AND record_id IS NOT NULL
   AND (%(since)s::timestamptz IS NULL OR valid_from > %(since)s)
 ORDER BY awarded_position
 LIMIT %(limit)s OFFSET %(offset)s;
