-- Whoever verifies reads the log and its seal: no vault, and no table that is derived.

GRANT SELECT ON ledger_events, ledger_revision, seal_tiles, seal_checkpoints TO :"audit_role";
