-- Who worked for which district, as what, from when to when; and the organizations themselves.

-- name: create
CREATE TABLE IF NOT EXISTS employments (
    employment_id uuid PRIMARY KEY,
    person_id     uuid NOT NULL,
    district_id   uuid NOT NULL,
    zone          text NOT NULL,   -- of the days below
    first_day     date NOT NULL,
    last_day      date,            -- null: not known yet; both ends are included
    segments      jsonb NOT NULL,  -- school, role, FTE, exempt, each from a day on
    position      bigint NOT NULL  -- of the last event that changed the row
) WITH (fillfactor = 85);
CREATE INDEX IF NOT EXISTS employments_of_person ON employments (person_id, district_id);
CREATE INDEX IF NOT EXISTS employments_of_district
    ON employments (district_id, person_id, employment_id);
CREATE TABLE IF NOT EXISTS organizations (
    organization_id uuid PRIMARY KEY,
    kind            text NOT NULL,
    district_id     uuid NOT NULL,
    name            text NOT NULL,
    zone            text NOT NULL,
    position        bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS organizations_of_district
    ON organizations (district_id, kind, name, organization_id);
CREATE INDEX IF NOT EXISTS organizations_districts
    ON organizations (name, organization_id) WHERE kind = 'district';

-- name: load
SELECT *
  FROM employments
 WHERE employment_id = ANY(%(employment_ids)s);

-- name: save
INSERT INTO employments
SELECT r.* FROM json_populate_recordset(NULL::employments, %(rows)s) r
    ON CONFLICT (employment_id) DO UPDATE
   SET last_day = excluded.last_day, segments = excluded.segments, position = excluded.position;

-- name: load_organizations
SELECT *
  FROM organizations
 WHERE organization_id = ANY(%(organization_ids)s);

-- name: save_organizations
INSERT INTO organizations
SELECT r.* FROM json_populate_recordset(NULL::organizations, %(rows)s) r
    ON CONFLICT (organization_id) DO UPDATE
   SET name = excluded.name, position = excluded.position;

-- name: of_person
SELECT *
  FROM employments
 WHERE person_id = %(person_id)s
 ORDER BY first_day, employment_id;

-- name: of_district
-- Everybody employed on some day of a span, in pages by person.
SELECT *
  FROM employments
 WHERE district_id = %(district_id)s
   AND (person_id, employment_id) > (%(after_person)s, %(after_employment)s)
   AND first_day <= %(to_day)s
   AND (last_day IS NULL OR last_day >= greatest(first_day, %(from_day)s))
 ORDER BY person_id, employment_id
 LIMIT %(limit)s;

-- name: spans
SELECT first_day, last_day
  FROM employments
 WHERE person_id = %(person_id)s AND district_id = %(district_id)s
   AND (last_day IS NULL OR last_day >= first_day)  -- an empty span was never held
 ORDER BY first_day, last_day;

-- name: spans_of_persons
SELECT person_id, first_day, last_day
  FROM employments
 WHERE person_id = ANY(%(person_ids)s) AND district_id = %(district_id)s
   AND (last_day IS NULL OR last_day >= first_day)  -- an empty span was never held
 ORDER BY person_id, first_day, last_day;

-- name: organizations
SELECT *
  FROM organizations
 WHERE district_id = %(district_id)s
 ORDER BY kind, name, organization_id;

-- name: districts
SELECT *
  FROM organizations
 WHERE kind = 'district'
 ORDER BY name, organization_id;
