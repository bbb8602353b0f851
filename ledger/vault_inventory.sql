-- What the vault holds, page by page, to be compared with what the log says of it.

-- name: texts
SELECT text_id, person_id, sha256(ciphertext)
  FROM vault_texts WHERE text_id > %(after)s ORDER BY text_id LIMIT %(limit)s;

-- name: documents
SELECT command_id, person_id, record_id, sha256(ciphertext)
  FROM vault_records WHERE command_id > %(after)s ORDER BY command_id LIMIT %(limit)s;

-- name: record_keys
SELECT key_id, keys_id
  FROM vault_record_keys WHERE key_id > %(after)s ORDER BY key_id LIMIT %(limit)s;

-- name: evidence
SELECT evidence_id, person_id
  FROM vault_evidence WHERE evidence_id > %(after)s ORDER BY evidence_id LIMIT %(limit)s;

-- name: payroll_files
SELECT file_id, district_id
  FROM vault_payroll_files WHERE file_id > %(after)s ORDER BY file_id LIMIT %(limit)s;

-- name: keys
SELECT person_id, key_id, wrapped
  FROM vault_person_keys WHERE person_id > %(after)s ORDER BY person_id LIMIT %(limit)s;

-- name: numbers
SELECT identity_hmac, subject_id
  FROM vault_identities WHERE identity_hmac > %(after)s ORDER BY identity_hmac LIMIT %(limit)s;

-- name: details
SELECT person_id, district_id, text_id
  FROM vault_details
 WHERE (person_id, district_id) > (%(after)s, %(after_district)s)
 ORDER BY person_id, district_id LIMIT %(limit)s;
