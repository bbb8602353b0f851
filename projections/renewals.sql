-- Licenses, credits earned elsewhere, and the rules that both are measured by.

-- name: create
CREATE TABLE IF NOT EXISTS renewal_licenses (
    license_id   uuid     PRIMARY KEY,
    person_id    uuid     NOT NULL,
    district_ids uuid[]   NOT NULL,  -- every district that ever acted on it, the newest last
    jurisdiction text     NOT NULL,
    license      jsonb    NOT NULL,  -- terms of validity, facts by day, rulings
    number       jsonb,              -- where the vault has it
    positions    bigint[] NOT NULL
);
CREATE INDEX IF NOT EXISTS renewal_licenses_of_person ON renewal_licenses (person_id);
CREATE INDEX IF NOT EXISTS renewal_licenses_of_district
    ON renewal_licenses USING gin (district_ids);

CREATE TABLE IF NOT EXISTS renewal_credits (
    credit_id               uuid    PRIMARY KEY,
    person_id               uuid    NOT NULL,
    district_id             uuid    NOT NULL,
    kind                    text    NOT NULL,
    quantity_hundredths     int     NOT NULL,  -- of its own kind
    category                text,
    course                  text,
    begun_on                date,
    earned_on               date    NOT NULL,
    approved_on             date,
    exchanged_enrollment_id uuid,
    documents               jsonb,             -- where the vault has their reference
    withdrawn_on            date,
    withdrawn_reason        text,
    position                bigint  NOT NULL,
    positions               bigint[] NOT NULL,
    outcome                 text,              -- of an award from elsewhere
    outcome_reason          text,
    expires_on              date
);
CREATE INDEX IF NOT EXISTS renewal_credits_of_person ON renewal_credits (person_id);

CREATE TABLE IF NOT EXISTS renewal_rules (
    rule_id             uuid   NOT NULL,
    rule_version        int    NOT NULL,
    district_id         uuid,              -- null: the state's own
    jurisdiction        text   NOT NULL,
    authority_reference text   NOT NULL,
    adopted_on          date   NOT NULL,
    terms               text   NOT NULL,   -- as JSON
    position            bigint NOT NULL,
    last_day            date,
    retired_position    bigint,
    PRIMARY KEY (rule_id, rule_version)
);
CREATE INDEX IF NOT EXISTS renewal_rules_of_jurisdiction ON renewal_rules (jurisdiction);

-- Every word of a district on which micro-credentials are one competency; the newest counts.
CREATE TABLE IF NOT EXISTS renewal_classes (
    district_id    uuid   NOT NULL,
    name           text   NOT NULL,
    position       bigint NOT NULL,
    credential_ids uuid[] NOT NULL,
    PRIMARY KEY (district_id, name, position)
);

CREATE TABLE IF NOT EXISTS renewal_approvals (
    stream             uuid   NOT NULL,
    version            int    NOT NULL,
    person_id          uuid   NOT NULL,
    district_id        uuid   NOT NULL,
    subject_id         uuid   NOT NULL,  -- an enrollment, or a micro-credential to be begun
    approved_on        date   NOT NULL,
    position           bigint NOT NULL,
    withdrawn_position bigint,
    PRIMARY KEY (stream, version)
);
CREATE INDEX IF NOT EXISTS renewal_approvals_of_person ON renewal_approvals (person_id);

-- name: load
SELECT license_id, license::text, number::text, district_ids
  FROM renewal_licenses
 WHERE license_id = ANY(%(ids)s);

-- name: load_credits
SELECT * FROM renewal_credits WHERE credit_id = ANY(%(ids)s);

-- name: load_approvals
SELECT * FROM renewal_approvals WHERE stream = ANY(%(ids)s);

-- name: load_rules
SELECT rule_id, rule_version, district_id, jurisdiction, authority_reference, adopted_on,
       terms, position, last_day, retired_position
  FROM renewal_rules
 WHERE rule_id = ANY(%(ids)s);

-- name: save
-- All that a batch has changed, in one trip: the tables are different, so the order is free.
WITH licenses AS (
    INSERT INTO renewal_licenses
    SELECT * FROM json_populate_recordset(NULL::renewal_licenses, %(licenses)s)
        ON CONFLICT (license_id) DO UPDATE
       SET district_ids = excluded.district_ids, license = excluded.license,
           number = excluded.number, positions = excluded.positions),
credits AS (
    INSERT INTO renewal_credits
    SELECT * FROM json_populate_recordset(NULL::renewal_credits, %(credits)s)
        ON CONFLICT (credit_id) DO UPDATE
       SET kind = excluded.kind, quantity_hundredths = excluded.quantity_hundredths,
           category = excluded.category, outcome = excluded.outcome,
           outcome_reason = excluded.outcome_reason, withdrawn_on = excluded.withdrawn_on,
           withdrawn_reason = excluded.withdrawn_reason, position = excluded.position,
           positions = excluded.positions),
classes AS (
    INSERT INTO renewal_classes
    SELECT * FROM json_populate_recordset(NULL::renewal_classes, %(classes)s)
        ON CONFLICT DO NOTHING),
approvals AS (
    INSERT INTO renewal_approvals
    SELECT * FROM json_populate_recordset(NULL::renewal_approvals, %(approvals)s)
        ON CONFLICT (stream, version) DO UPDATE
       SET withdrawn_position = excluded.withdrawn_position)
INSERT INTO renewal_rules
SELECT * FROM json_populate_recordset(NULL::renewal_rules, %(rules)s)
    ON CONFLICT (rule_id, rule_version) DO UPDATE
   SET last_day = excluded.last_day, retired_position = excluded.retired_position;

-- name: name_licenses
-- What a license says of whose it is follows its column, after a merge.
UPDATE renewal_licenses
   SET license = jsonb_set(license, '{person_id}', to_jsonb(person_id))
 WHERE person_id = %(person_id)s;

-- name: of_persons
SELECT license_id, license::text, number::text, district_ids
  FROM renewal_licenses
 WHERE person_id = ANY(%(person_ids)s)
 ORDER BY jurisdiction COLLATE "C", license_id;

-- name: credits_of_persons
SELECT * FROM renewal_credits WHERE person_id = ANY(%(person_ids)s) ORDER BY earned_on, position;

-- name: license
SELECT license_id, license::text, number::text, district_ids
  FROM renewal_licenses
 WHERE license_id = %(license_id)s;

-- name: persons_of_district
SELECT DISTINCT person_id
  FROM renewal_licenses
 WHERE license_id = ANY (licenses_of(%(district_id)s)) AND person_id > %(after)s
 ORDER BY person_id
 LIMIT %(limit)s;

-- name: rules
-- As they were known at a position.
SELECT rule_id, rule_version, district_id, jurisdiction, authority_reference, adopted_on,
       terms, position,
       CASE WHEN retired_position <= %(until)s THEN last_day END AS last_day,
       CASE WHEN retired_position <= %(until)s THEN retired_position END AS retired_position
  FROM renewal_rules
 WHERE position <= %(until)s
   AND (%(jurisdiction)s::text IS NULL OR jurisdiction = %(jurisdiction)s)
 ORDER BY jurisdiction, district_id NULLS FIRST, rule_id, rule_version;

-- name: approvals_of_persons
-- As they were known at a position.
SELECT stream, version, person_id, district_id, subject_id, approved_on, position,
       CASE WHEN withdrawn_position <= %(until)s THEN withdrawn_position END AS withdrawn_position
  FROM renewal_approvals
 WHERE person_id = ANY(%(person_ids)s) AND position <= %(until)s
   AND coalesce(withdrawn_position > %(until)s, true)
 ORDER BY position;

-- name: classes
-- As they were known at a position.
SELECT *
  FROM (SELECT DISTINCT ON (district_id, name) *
          FROM renewal_classes
         WHERE position <= %(until)s
         ORDER BY district_id, name, position DESC) AS newest
 WHERE cardinality(credential_ids) > 1
 ORDER BY district_id, name;

-- name: awards_of_persons
-- The transcript has what became of an award, the stacks its place in the log.
SELECT l.person_id, l.enrollment_id, l.credential_id, l.issuer_id, l.awarded_on, l.expires_on,
       l.revoked_on, a.position
  FROM transcript_lines l JOIN stack_awards a USING (enrollment_id)
 WHERE l.person_id = ANY(%(person_ids)s) AND l.awarded_on IS NOT NULL
 ORDER BY a.position;
