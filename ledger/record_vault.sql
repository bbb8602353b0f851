-- Where the vault has signed documents, and the keys that sign them.

-- name: add_key
INSERT INTO vault_record_keys (key_id, keys_id, sealed_key)
VALUES (%(key_id)s, %(keys_id)s, %(sealed_key)s);

-- name: load_key
SELECT sealed_key FROM vault_record_keys WHERE key_id = %(key_id)s;

-- name: discard_key
DELETE FROM vault_record_keys WHERE key_id = %(key_id)s;

-- name: add_document
INSERT INTO vault_records (
    command_id, record_id, person_id, list_number, status_index, ciphertext
) VALUES (
    %(command_id)s, %(record_id)s, %(person_id)s, %(list_number)s, %(status_index)s, %(ciphertext)s
) ON CONFLICT DO NOTHING;

-- name: drafted
SELECT command_id, record_id, person_id, list_number, status_index, ciphertext
  FROM vault_records
 WHERE command_id = %(command_id)s;

-- name: of_records
-- Each issue that is named by the digest of what was stored, in the order in which they are named.
SELECT r.command_id, r.record_id, r.person_id, r.list_number, r.status_index, r.ciphertext
  FROM unnest(%(record_ids)s::uuid[], %(digests)s::bytea[]) WITH ORDINALITY
       AS named (record_id, digest, place)
  JOIN vault_records r ON r.record_id = named.record_id AND sha256(r.ciphertext) = named.digest
 ORDER BY named.place;

-- name: discard_document
DELETE FROM vault_records WHERE command_id = %(command_id)s AND record_id = %(record_id)s;

-- name: park
INSERT INTO vault_parked_records (enrollment_id, reason, next_try_at)
VALUES (%(enrollment_id)s, %(reason)s, %(next_try_at)s)
ON CONFLICT (enrollment_id) DO UPDATE
   SET reason = excluded.reason, next_try_at = excluded.next_try_at,
       tries = vault_parked_records.tries + 1;

-- name: unpark
DELETE FROM vault_parked_records WHERE enrollment_id = ANY(%(enrollment_ids)s);

-- name: parked
SELECT enrollment_id, reason, tries, next_try_at
  FROM vault_parked_records
 ORDER BY next_try_at, enrollment_id;
