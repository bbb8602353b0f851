-- Forgetting, in the vault and as the log has it.

-- name: keep_writers_out
SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.vault-erasures', 0));

-- name: numbers_of_person
SELECT identity_hmac FROM vault_identities WHERE subject_id = %(person_id)s;

-- name: destroy_person
-- One statement, so that nothing of her is left or everything. Her numbers become tombstones.
WITH key AS (
    DELETE FROM vault_person_keys WHERE person_id = %(person_id)s RETURNING key_id
), texts AS (
    DELETE FROM vault_texts WHERE person_id = %(person_id)s RETURNING text_id
), details AS (
    DELETE FROM vault_details WHERE person_id = %(person_id)s
), positions AS (
    DELETE FROM vault_positions WHERE person_id = %(person_id)s
), records AS (
    DELETE FROM vault_records WHERE person_id = %(person_id)s
), files AS (
    DELETE FROM vault_evidence WHERE person_id = %(person_id)s RETURNING evidence_id
), doomed AS (
    INSERT INTO vault_doomed_blobs SELECT evidence_id FROM files ON CONFLICT DO NOTHING
), numbers AS (
    DELETE FROM vault_identities WHERE subject_id = %(person_id)s
), tombstones AS (
    INSERT INTO vault_tombstones
    SELECT DISTINCT unnest(%(hmacs)s::bytea[])
    ON CONFLICT DO NOTHING
), erased_files AS (
    INSERT INTO vault_erasures (subject_id, texts, files, tombstones)
    SELECT evidence_id, 0, 1, 0 FROM files
    ON CONFLICT DO NOTHING
)
INSERT INTO vault_erasures (subject_id, key_id, texts, files, tombstones)
SELECT %(person_id)s, (SELECT key_id FROM key), (SELECT count(*) FROM texts),
       (SELECT count(*) FROM files), (SELECT count(DISTINCT h) FROM unnest(%(hmacs)s::bytea[]) h)
ON CONFLICT DO NOTHING;

-- name: destroy_evidence
WITH files AS (
    DELETE FROM vault_evidence WHERE evidence_id = %(evidence_id)s
), doomed AS (
    INSERT INTO vault_doomed_blobs VALUES (%(evidence_id)s) ON CONFLICT DO NOTHING
)
INSERT INTO vault_erasures (subject_id, texts, files, tombstones)
VALUES (%(evidence_id)s, 0, 1, 0)
ON CONFLICT DO NOTHING;

-- name: destroy_payroll_files
WITH files AS (
    DELETE FROM vault_payroll_files WHERE file_id = ANY(%(file_ids)s)
)
INSERT INTO vault_erasures (subject_id, texts, files, tombstones)
SELECT unnest(%(file_ids)s::uuid[]), 0, 1, 0
ON CONFLICT DO NOTHING;

-- name: remembered_payroll_files
SELECT file_id FROM vault_payroll_files WHERE file_id = ANY(%(file_ids)s);

-- name: destroyed
SELECT key_id, texts, files, tombstones FROM vault_erasures WHERE subject_id = %(subject_id)s;

-- name: not_buried
SELECT h FROM unnest(%(hmacs)s::bytea[]) AS u (h)
 WHERE NOT EXISTS (SELECT FROM vault_tombstones t WHERE t.identity_hmac = h);

-- name: remembered
-- Of what was erased, that of which something is still, or again, there.
SELECT id
  FROM unnest(%(subject_ids)s::uuid[]) AS u (id)
 WHERE NOT EXISTS (SELECT FROM vault_erasures e WHERE e.subject_id = id)
    OR EXISTS (SELECT FROM vault_person_keys k WHERE k.person_id = id)
    OR EXISTS (SELECT FROM vault_texts t WHERE t.person_id = id)
    OR EXISTS (SELECT FROM vault_details d WHERE d.person_id = id)
    OR EXISTS (SELECT FROM vault_positions p WHERE p.person_id = id)
    OR EXISTS (SELECT FROM vault_records r WHERE r.person_id = id)
    OR EXISTS (SELECT FROM vault_identities i WHERE i.subject_id = id)
    OR EXISTS (SELECT FROM vault_evidence f WHERE f.person_id = id)
    OR EXISTS (SELECT FROM vault_evidence f WHERE f.evidence_id = id);

-- name: doomed_blobs
SELECT evidence_id FROM vault_doomed_blobs;

-- name: blob_deleted
DELETE FROM vault_doomed_blobs WHERE evidence_id = %(evidence_id)s;

-- name: retention_events
-- By an index that holds these alone.
SELECT notification_id, originator_id, originator_version, topic, state
  FROM ledger_events
 WHERE starts_with(topic, 'retention.') AND notification_id > %(after)s
 ORDER BY notification_id;
