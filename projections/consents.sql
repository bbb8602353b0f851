-- Who lets which districts find her as a holder of what she has earned, and until when.

-- name: create
CREATE TABLE IF NOT EXISTS consents (
    consent_id     uuid        PRIMARY KEY,
    person_id      uuid        NOT NULL,
    district_id    uuid        NOT NULL,  -- that may find her; the id for any district
    zone           text        NOT NULL,
    expires_on     date        NOT NULL,  -- the first day on which nobody finds her by it
    given_at       timestamptz NOT NULL,
    given_position bigint      NOT NULL,
    withdrawn_at   timestamptz,
    version        integer     NOT NULL
);
CREATE INDEX IF NOT EXISTS consents_of_person ON consents (person_id, given_position);
CREATE INDEX IF NOT EXISTS consents_to_district ON consents (district_id, person_id);

-- name: load
SELECT * FROM consents WHERE consent_id = ANY(%(ids)s);

-- name: save
INSERT INTO consents
SELECT r.* FROM json_populate_recordset(NULL::consents, %(rows)s) r
    ON CONFLICT (consent_id) DO UPDATE
   SET zone = excluded.zone, expires_on = excluded.expires_on, given_at = excluded.given_at,
       given_position = excluded.given_position, withdrawn_at = excluded.withdrawn_at,
       version = excluded.version;

-- name: of_person
SELECT * FROM consents WHERE person_id = %(person_id)s ORDER BY given_position DESC;

-- name: given
-- Who lets a district find her and has not withdrawn it, with the days on which that ends.
SELECT person_id, array_agg(zone ORDER BY consent_id), array_agg(expires_on ORDER BY consent_id)
  FROM consents
 WHERE district_id = ANY(%(district_ids)s) AND person_id > %(after)s AND withdrawn_at IS NULL
 GROUP BY person_id
 ORDER BY person_id
 LIMIT %(limit)s;
