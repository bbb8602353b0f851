-- What the vault has forgotten. These rows stay when everything else about a person goes, and hold
-- nothing about her: random ids, counts, and keyed digests of numbers.

CREATE TABLE vault_erasures (
    subject_id   uuid PRIMARY KEY,  -- a person, or an evidence file
    key_id       uuid,              -- of the person's key that was destroyed
    texts        bigint NOT NULL,
    files        bigint NOT NULL,
    tombstones   bigint NOT NULL,
    destroyed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Numbers that lead to nobody any more, and never will again.
CREATE TABLE vault_tombstones (identity_hmac bytea PRIMARY KEY);

-- Blobs whose keys are gone and that are still to be deleted.
CREATE TABLE vault_doomed_blobs (evidence_id uuid PRIMARY KEY);

GRANT SELECT, INSERT ON vault_erasures, vault_tombstones TO :"vault_role";
GRANT SELECT, INSERT, DELETE ON vault_doomed_blobs TO :"vault_role";

-- Read whole whenever a process starts, so that a restored vault forgets again what it had
-- forgotten before: among millions of events these few have to be found at once.
CREATE INDEX ledger_events_retention ON ledger_events (notification_id)
 WHERE starts_with(topic, 'retention.');
