-- What each person lets others see of her record, and until when.

-- name: create
CREATE TABLE IF NOT EXISTS shares (
    share_id          uuid        PRIMARY KEY,
    person_id         uuid        NOT NULL,
    recipient_kind    text        NOT NULL,
    district_id       uuid,                  -- that may see it
    issuer_id         uuid,
    recipient_text_id uuid,                  -- in the vault: whom she gave the link
    scope             text[]      NOT NULL,
    enrollment_ids    uuid[]      NOT NULL,  -- none: all awards
    purpose           text        NOT NULL,
    zone              text        NOT NULL,
    expires_on        date        NOT NULL,  -- the first day on which it is no longer shown
    granted_at        timestamptz NOT NULL,
    granted_position  bigint      NOT NULL,
    revoked_at        timestamptz
);
CREATE INDEX IF NOT EXISTS shares_of_person ON shares (person_id, granted_position);
CREATE INDEX IF NOT EXISTS shares_with_district ON shares (district_id, granted_position);
CREATE INDEX IF NOT EXISTS shares_with_issuer ON shares (issuer_id, granted_position);

-- name: load
SELECT * FROM shares WHERE share_id = ANY(%(ids)s);

-- name: save
INSERT INTO shares
SELECT r.* FROM json_populate_recordset(NULL::shares, %(rows)s) r
    ON CONFLICT (share_id) DO UPDATE SET revoked_at = excluded.revoked_at;

-- name: of_person
SELECT * FROM shares
 WHERE person_id = %(person_id)s AND granted_position < %(before)s
 ORDER BY granted_position DESC
 LIMIT %(limit)s;

-- name: with_recipient
SELECT * FROM shares
 WHERE (district_id = %(recipient_id)s OR issuer_id = %(recipient_id)s)
   AND granted_position < %(before)s AND revoked_at IS NULL
 ORDER BY granted_position DESC
 LIMIT %(limit)s;
