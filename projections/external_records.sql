-- Records from elsewhere, what was found out about their awards, what districts let them count for.

-- name: create
CREATE TABLE IF NOT EXISTS external_records (
    record_id   uuid        PRIMARY KEY,
    person_id   uuid        NOT NULL,
    district_id uuid,                  -- that received it; null: she keeps it for herself
    kind        text        NOT NULL,
    carrier     text        NOT NULL,
    text_id     uuid        NOT NULL,  -- where the vault has its bytes
    title_id    uuid,
    zone        text        NOT NULL,
    received_at timestamptz NOT NULL,
    checked_at  timestamptz NOT NULL,
    items       jsonb       NOT NULL,  -- as they were found last
    positions   bigint[]    NOT NULL
);
CREATE INDEX IF NOT EXISTS external_records_of_person ON external_records (person_id);
CREATE INDEX IF NOT EXISTS external_records_of_district ON external_records (district_id);

CREATE TABLE IF NOT EXISTS acceptances (
    acceptance_id       uuid     PRIMARY KEY,
    person_id           uuid     NOT NULL,
    district_id         uuid     NOT NULL,
    record_id           uuid     NOT NULL,
    item_id             uuid     NOT NULL,
    outcome             text     NOT NULL,
    reason              text     NOT NULL,
    kind                text     NOT NULL,
    quantity_hundredths int      NOT NULL,
    category            text,
    decided_at          timestamptz NOT NULL,
    under_review_from   date,
    review_reason       text,
    positions           bigint[] NOT NULL
);
CREATE INDEX IF NOT EXISTS acceptances_of_person ON acceptances (person_id);
CREATE INDEX IF NOT EXISTS acceptances_under_review
    ON acceptances (district_id) WHERE under_review_from IS NOT NULL;

CREATE TABLE IF NOT EXISTS trusted_issuers (
    position            bigint PRIMARY KEY,
    district_id         uuid   NOT NULL,
    issuer_id           text   NOT NULL,
    trusted             bool   NOT NULL,
    hosts               text[] NOT NULL,
    keys                text[] NOT NULL,
    effective_on        date   NOT NULL,
    authority_reference text,
    reason              text
);
CREATE INDEX IF NOT EXISTS trusted_issuers_of_district ON trusted_issuers (district_id);

-- name: load
SELECT * FROM external_records WHERE record_id = ANY(%(ids)s);

-- name: load_acceptances
SELECT * FROM acceptances WHERE acceptance_id = ANY(%(ids)s);

-- name: save
WITH records AS (
    INSERT INTO external_records
    SELECT * FROM json_populate_recordset(NULL::external_records, %(records)s)
        ON CONFLICT (record_id) DO UPDATE
       SET checked_at = excluded.checked_at, items = excluded.items,
           positions = excluded.positions),
trusted AS (
    INSERT INTO trusted_issuers
    SELECT * FROM json_populate_recordset(NULL::trusted_issuers, %(trusted)s))
INSERT INTO acceptances
SELECT * FROM json_populate_recordset(NULL::acceptances, %(acceptances)s)
    ON CONFLICT (acceptance_id) DO UPDATE
   SET record_id = excluded.record_id, outcome = excluded.outcome, reason = excluded.reason,
       kind = excluded.kind, quantity_hundredths = excluded.quantity_hundredths,
       category = excluded.category, decided_at = excluded.decided_at,
       under_review_from = excluded.under_review_from, review_reason = excluded.review_reason,
       positions = excluded.positions;

-- name: of_person
SELECT * FROM external_records
 WHERE person_id = %(person_id)s
 ORDER BY positions[1];

-- name: record
SELECT * FROM external_records WHERE record_id = %(record_id)s;

-- name: page
-- All that a district received, or any of them, in the order of their ids.
SELECT * FROM external_records
 WHERE district_id IS NOT NULL
   AND (%(district_id)s::uuid IS NULL OR district_id = %(district_id)s)
   AND kind <> 'document'  -- nobody can be asked about one
   AND record_id > %(after)s
 ORDER BY record_id
 LIMIT %(limit)s;

-- name: acceptances_of_person
SELECT * FROM acceptances WHERE person_id = %(person_id)s ORDER BY positions[1];

-- name: under_review
SELECT * FROM acceptances
 WHERE district_id = %(district_id)s AND under_review_from IS NOT NULL
 ORDER BY under_review_from, positions[1];

-- name: trusted_by
SELECT * FROM trusted_issuers WHERE district_id = %(district_id)s ORDER BY effective_on, position;
