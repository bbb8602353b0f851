-- The keys of payroll files, each sealed by its district's key. A file is taken back only while no
-- event names it; `kept_until` is how long the law wants it.
CREATE TABLE vault_payroll_files (
    file_id           uuid PRIMARY KEY,
    district_id       uuid NOT NULL,
    batch_id          uuid NOT NULL,
    sealed_key        bytea NOT NULL,
    size_bytes        bigint NOT NULL,
    ciphertext_sha256 bytea NOT NULL,
    retention_class   text NOT NULL,
    kept_until        date NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX vault_payroll_files_batch ON vault_payroll_files (batch_id);
GRANT SELECT, INSERT, DELETE ON vault_payroll_files TO :"vault_role";

-- What is to be told to whom: filled from the log by a follower with a bookmark, emptied by nobody.
CREATE TABLE vault_webhook_deliveries (
    webhook_id   uuid NOT NULL,
    message_id   text NOT NULL,
    position     bigint NOT NULL,       -- of the event that it tells of
    body         text NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    next_try_at  timestamptz NOT NULL,
    last_answer  text,                  -- a status, or why there was none
    delivered_at timestamptz,
    PRIMARY KEY (webhook_id, message_id)
);
CREATE INDEX vault_webhook_deliveries_due ON vault_webhook_deliveries (next_try_at)
 WHERE delivered_at IS NULL;
CREATE TABLE vault_webhook_bookmark (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    position bigint NOT NULL
);
INSERT INTO vault_webhook_bookmark (position) VALUES (0);
GRANT SELECT, INSERT, UPDATE ON vault_webhook_deliveries TO :"vault_role";
GRANT SELECT, UPDATE ON vault_webhook_bookmark TO :"vault_role";
