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

-- How far each address has been told what the outbox says. The outbox itself follows from the log;
-- without this table everything would be told once more, and nothing would be lost.
CREATE TABLE vault_webhook_deliveries (
    webhook_id   uuid NOT NULL,
    message_id   text NOT NULL,
    attempts     integer NOT NULL,
    last_try_at  timestamptz NOT NULL,
    next_try_at  timestamptz NOT NULL,
    last_answer  text NOT NULL,          -- a status, or why there was none
    delivered_at timestamptz,
    PRIMARY KEY (webhook_id, message_id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON vault_webhook_deliveries TO :"vault_role";
