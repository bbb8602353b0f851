-- Where the vault has the keys of payroll files.

-- name: add_file
INSERT INTO vault_payroll_files (
    file_id, district_id, batch_id, sealed_key, size_bytes, ciphertext_sha256, retention_class,
    kept_until
)
SELECT %(file_id)s, %(district_id)s, %(batch_id)s, %(sealed_key)s, %(size_bytes)s,
       %(ciphertext_sha256)s, %(retention_class)s, %(kept_until)s
 -- Half of the time after which a blob without a row is swept, whoever was stopped meanwhile.
 WHERE clock_timestamp() < %(begun_at)s::timestamptz + interval '12 hours';

-- name: now
SELECT clock_timestamp();

-- name: load_file
SELECT sealed_key FROM vault_payroll_files WHERE file_id = %(file_id)s;

-- name: discard_file
DELETE FROM vault_payroll_files WHERE file_id = %(file_id)s;

-- name: due
SELECT DISTINCT batch_id FROM vault_payroll_files WHERE kept_until <= %(day)s ORDER BY batch_id;
