-- Keys that sign portable records, each sealed by a key of its issuer's own.
CREATE TABLE vault_record_keys (
    key_id     uuid PRIMARY KEY,
    keys_id    uuid NOT NULL,  -- the stream of the issuer's keys; the key of this id seals
    sealed_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, DELETE ON vault_record_keys TO :"vault_role";

-- Signed documents, each issue of a record a row, sealed by the person's key. The command that
-- issues it names a row, so that whoever is stopped goes on with what was drawn at first.
CREATE TABLE vault_records (
    command_id   uuid PRIMARY KEY,
    record_id    uuid NOT NULL,
    person_id    uuid NOT NULL,
    list_number  integer NOT NULL,
    status_index integer NOT NULL,
    ciphertext   bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX vault_records_record ON vault_records (record_id);
CREATE INDEX vault_records_person ON vault_records (person_id);
GRANT SELECT, INSERT, DELETE ON vault_records TO :"vault_role";

-- Awards that could not be issued, and why, to be tried again.
CREATE TABLE vault_parked_records (
    enrollment_id uuid PRIMARY KEY,
    reason        text NOT NULL,        -- the slug of a refusal; no word of anybody
    tries         integer NOT NULL DEFAULT 1,
    next_try_at   timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON vault_parked_records TO :"vault_role";

ALTER TABLE vault_record_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_records ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON vault_record_keys FOR SELECT TO :"vault_role" USING (
    keys_id = ANY ((SELECT vault_scope())::uuid[])
    OR '00000000-0000-0000-0000-000000000000' = ANY ((SELECT vault_scope())::uuid[]));
CREATE POLICY seen ON vault_records FOR SELECT TO :"vault_role" USING (
    person_id = ANY ((SELECT vault_scope())::uuid[])
    OR '00000000-0000-0000-0000-000000000000' = ANY ((SELECT vault_scope())::uuid[]));
CREATE POLICY added ON vault_record_keys FOR INSERT TO :"vault_role" WITH CHECK (true);
CREATE POLICY added ON vault_records FOR INSERT TO :"vault_role" WITH CHECK (true);
CREATE POLICY destroyed ON vault_record_keys FOR DELETE TO :"vault_role" USING (true);
CREATE POLICY destroyed ON vault_records FOR DELETE TO :"vault_role" USING (true);
