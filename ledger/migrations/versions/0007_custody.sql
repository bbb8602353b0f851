-- Keys are exchanged by wrapping them anew. Which key wraps a person's key is read out of its
-- ciphertext, and the database itself refuses to drop a key that wraps anything.
ALTER TABLE vault_person_keys ADD COLUMN wrapping_key_id uuid NOT NULL
    GENERATED ALWAYS AS (encode(substr(wrapped, 2, 16), 'hex')::uuid) STORED
    CONSTRAINT vault_person_keys_wrapped_by REFERENCES vault_wrapping_keys;
CREATE INDEX vault_person_keys_wrapped_by ON vault_person_keys (wrapping_key_id);

GRANT UPDATE (hashing_secret) ON vault_tenant TO :"vault_role";
GRANT UPDATE (wrapped) ON vault_wrapping_keys, vault_person_keys TO :"vault_role";

-- When an upload was last sent: one that broke off before its event is swept a day later, and a
-- resend that found its row meanwhile is given another day.
ALTER TABLE vault_evidence ADD COLUMN sent_at timestamptz NOT NULL DEFAULT now();
GRANT UPDATE (sent_at) ON vault_evidence TO :"vault_role";

-- Who read whose record. No part of the log: reads are many, change nothing, and are kept for
-- some years only.
CREATE TABLE disclosures (
    line_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    read_at         timestamptz NOT NULL,
    person_id       uuid NOT NULL,  -- whose record
    reader_id       uuid NOT NULL,
    role            text NOT NULL,  -- in which the reader could see it
    organization_id uuid,           -- for which district or issuer; null: for the state
    record          text NOT NULL,  -- what was shown
    thing_id        uuid            -- of what the record has several, which one
);
CREATE INDEX disclosures_person ON disclosures (person_id, line_id);
CREATE INDEX disclosures_organization ON disclosures (organization_id, line_id);

CREATE FUNCTION disclosures_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.read_at < now() - interval '3 years' THEN
        RETURN OLD;
    END IF;
    RAISE '% on %: who read a record is kept for three years', TG_OP, TG_TABLE_NAME
          USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON disclosures
    FOR EACH STATEMENT EXECUTE FUNCTION disclosures_keep();
CREATE TRIGGER kept BEFORE DELETE ON disclosures
    FOR EACH ROW EXECUTE FUNCTION disclosures_keep();
ALTER TABLE disclosures ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE disclosures ENABLE ALWAYS TRIGGER kept;

GRANT SELECT, INSERT, DELETE ON disclosures TO :"disclose_role";
