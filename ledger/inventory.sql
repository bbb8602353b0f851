-- What the vault knows of evidence files, to be compared with the log and with the files.

-- name: page
-- An upload that was sent no longer than a day ago may still be going on.
SELECT evidence_id, size_bytes, ciphertext_sha256,
       sent_at < clock_timestamp() - interval '1 day' AS broken_off
  FROM vault_evidence
 WHERE evidence_id > %(after)s
 ORDER BY evidence_id
 LIMIT %(limit)s;

-- name: row
SELECT evidence_id, size_bytes, ciphertext_sha256,
       sent_at < clock_timestamp() - interval '1 day' AS broken_off
  FROM vault_evidence
 WHERE evidence_id = %(evidence_id)s;

-- name: erased
SELECT subject_id FROM vault_erasures;

-- name: sweep
-- Unless it was sent again meanwhile.
DELETE FROM vault_evidence
 WHERE evidence_id = %(evidence_id)s AND sent_at < clock_timestamp() - interval '1 day';
