-- The vault: everything by or about a person, encrypted, and the keys, each wrapped by the one
-- above. Only the vault's role may see it. Rows may be destroyed: that is how a person is erased.

CREATE TABLE vault_tenant (
    only_one       boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    tenant_id      uuid NOT NULL,
    hashing_secret bytea NOT NULL  -- wrapped by the root key; all keyed digests hang on it for ever
);

CREATE TABLE vault_wrapping_keys (
    key_id     uuid PRIMARY KEY,
    wrapped    bytea NOT NULL,  -- by the root key; the newest wraps new persons' keys
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE vault_person_keys (
    person_id  uuid PRIMARY KEY,
    key_id     uuid NOT NULL,
    wrapped    bytea NOT NULL,  -- destroying this row erases the person
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE vault_texts (
    text_id    uuid PRIMARY KEY,
    person_id  uuid NOT NULL,
    purpose    text NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX vault_texts_person ON vault_texts (person_id);

CREATE TABLE vault_details (
    person_id   uuid NOT NULL,
    district_id uuid NOT NULL,  -- that knows her by them
    text_id     uuid NOT NULL,
    version     bigint NOT NULL,  -- of the person's stream when these details were the newest
    PRIMARY KEY (person_id, district_id)
);

CREATE TABLE vault_identities (
    identity_hmac bytea PRIMARY KEY,
    subject_id    uuid NOT NULL,  -- a person, or an organization
    source        text NOT NULL,
    district_id   uuid NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX vault_identities_subject ON vault_identities (subject_id);

CREATE TABLE vault_positions (
    position_hmac bytea NOT NULL,
    person_id     uuid NOT NULL,
    first_day     date NOT NULL,
    district_id   uuid NOT NULL,
    source        text NOT NULL,
    PRIMARY KEY (position_hmac, person_id, first_day)
);
CREATE INDEX vault_positions_district ON vault_positions (district_id, source);
CREATE INDEX vault_positions_person ON vault_positions (person_id);

CREATE TABLE vault_evidence (
    evidence_id          uuid PRIMARY KEY,
    upload_id            uuid NOT NULL UNIQUE,  -- of the command, so that a resend is recognized
    person_id            uuid NOT NULL,
    sealed_keys          bytea NOT NULL,  -- the file's key and its salt, under the person's key
    media_type           text NOT NULL,
    size_bytes           bigint NOT NULL,
    ciphertext_sha256    bytea NOT NULL,
    plaintext_commitment bytea NOT NULL,
    plaintext_hmac       bytea NOT NULL,  -- under a key of the ledger: finds equal files
    created_at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX vault_evidence_plaintext ON vault_evidence (plaintext_hmac);
CREATE INDEX vault_evidence_person ON vault_evidence (person_id);

GRANT SELECT, INSERT, DELETE ON
    vault_tenant, vault_wrapping_keys, vault_person_keys, vault_texts, vault_identities,
    vault_positions, vault_evidence
    TO :"vault_role";
GRANT SELECT, INSERT, UPDATE, DELETE ON vault_details TO :"vault_role";
