-- What the vault knows of stored files, to be compared with the log and with the files.

-- name: page_of_evidence
-- An upload that was sent no longer than a day ago may still be going on.
SELECT evidence_id, size_bytes, ciphertext_sha256,
       sent_at < clock_timestamp() - interval '1 day' AS broken_off, '' AS whose
  FROM vault_evidence
 WHERE evidence_id > %(after)s
 ORDER BY evidence_id
 LIMIT %(limit)s;

-- name: row_of_evidence
SELECT evidence_id, size_bytes, ciphertext_sha256,
       sent_at < clock_timestamp() - interval '1 day' AS broken_off, '' AS whose
  FROM vault_evidence
 WHERE evidence_id = %(file_id)s;

-- name: sweep_of_evidence
-- Unless it was sent again meanwhile.
DELETE FROM vault_evidence
 WHERE evidence_id = %(file_id)s AND sent_at < clock_timestamp() - interval '1 day';

-- name: page_of_payroll
SELECT file_id, size_bytes, ciphertext_sha256,
       created_at < clock_timestamp() - interval '1 day' AS broken_off,
       'batch ' || batch_id AS whose
  FROM vault_payroll_files
 WHERE file_id > %(after)s
 ORDER BY file_id
 LIMIT %(limit)s;

-- name: row_of_payroll
SELECT file_id, size_bytes, ciphertext_sha256,
       created_at < clock_timestamp() - interval '1 day' AS broken_off,
       'batch ' || batch_id AS whose
  FROM vault_payroll_files
 WHERE file_id = %(file_id)s;

-- name: sweep_of_payroll
DELETE FROM vault_payroll_files
 WHERE file_id = %(file_id)s AND created_at < clock_timestamp() - interval '1 day';

-- name: erased
SELECT subject_id FROM vault_erasures;
