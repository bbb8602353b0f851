-- What the vault asks its tables. Many rows travel as arrays that unnest opens side by side. They are
-- put in order here: looking for who was erased may turn them around, and two who add the same rows in
-- different orders would wait for each other.

-- name: keep_key_makers_out
-- Two processes that meet an empty vault: one makes the keys, the other waits and finds them. And
-- whoever adds a wrapping key: no key of a person is wrapped by an older one after that.
SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.vault', 0));

-- name: stay_out_of_key_making
SELECT pg_advisory_xact_lock_shared(hashtextextended(current_schema() || '.vault', 0));

-- name: stay_out_of_erasures
-- Whoever writes shares this lock, whoever erases has it alone: so that nothing is written about
-- somebody between the moment her key is looked up and the one in which it is destroyed.
SELECT pg_advisory_xact_lock_shared(
    hashtextextended(current_schema() || '.vault-erasures', 0));

-- name: erased
SELECT subject_id FROM vault_erasures WHERE subject_id = ANY(%(subject_ids)s);

-- name: buried
SELECT identity_hmac FROM vault_tombstones WHERE identity_hmac = ANY(%(hmacs)s);

-- name: look_at
-- Row security shows what is theirs, and nothing else, until the end of the transaction.
SELECT set_config('mcledger.scope', %(scope)s, true);

-- name: load_tenant
SELECT tenant_id, hashing_secret FROM vault_tenant;

-- name: add_tenant
INSERT INTO vault_tenant (tenant_id, hashing_secret)
VALUES (%(tenant_id)s, %(hashing_secret)s);

-- name: load_wrapping_keys
SELECT key_id, wrapped FROM vault_wrapping_keys ORDER BY created_at, key_id;

-- name: newest_wrapping_key
SELECT key_id FROM vault_wrapping_keys ORDER BY created_at DESC, key_id DESC LIMIT 1;

-- name: add_wrapping_key
-- Newer than all others, whatever the clock has done.
INSERT INTO vault_wrapping_keys (key_id, wrapped, created_at)
SELECT %(key_id)s, %(wrapped)s,
       greatest(clock_timestamp(), max(created_at) + interval '1 microsecond')
  FROM vault_wrapping_keys;

-- name: load_person_keys
SELECT person_id, key_id, wrapped
  FROM vault_person_keys
 WHERE person_id = ANY(%(person_ids)s);

-- name: add_person_keys
INSERT INTO vault_person_keys (person_id, key_id, wrapped)
SELECT *
  FROM unnest(%(person_ids)s::uuid[], %(key_ids)s::uuid[], %(wrapped)s::bytea[])
       AS u (person_id, key_id, wrapped)
 WHERE NOT EXISTS (SELECT FROM vault_erasures e WHERE e.subject_id = u.person_id)
 ORDER BY person_id
ON CONFLICT DO NOTHING;

-- name: stored_texts
SELECT text_id, sha256(ciphertext) FROM vault_texts WHERE text_id = ANY(%(text_ids)s);

-- name: add_texts
INSERT INTO vault_texts (text_id, person_id, purpose, ciphertext)
SELECT *
  FROM unnest(
      %(text_ids)s::uuid[], %(person_ids)s::uuid[], %(purposes)s::text[], %(ciphertexts)s::bytea[]
  )
ON CONFLICT DO NOTHING;

-- name: load_texts
SELECT t.text_id, t.person_id, t.purpose, t.ciphertext, k.key_id, k.wrapped
  FROM vault_texts t
  JOIN vault_person_keys k USING (person_id)
 WHERE t.text_id = ANY(%(text_ids)s);

-- name: point_details
-- The version is that of the person's stream, so that a late writer does not turn the hand back.
INSERT INTO vault_details (person_id, district_id, text_id, version)
SELECT *
  FROM unnest(%(person_ids)s::uuid[], %(district_ids)s::uuid[], %(text_ids)s::uuid[],
              %(versions)s::bigint[]) AS u (person_id, district_id, text_id, version)
 WHERE NOT EXISTS (SELECT FROM vault_erasures e WHERE e.subject_id = u.person_id)
 ORDER BY person_id
ON CONFLICT (person_id, district_id) DO UPDATE
   SET text_id = excluded.text_id, version = excluded.version
 WHERE vault_details.version < excluded.version;

-- name: load_details
-- Of one district, or the newest of any.
SELECT DISTINCT ON (d.person_id)
       t.text_id, t.person_id, t.purpose, t.ciphertext, k.key_id, k.wrapped
  FROM vault_details d
  JOIN vault_texts t USING (text_id)
  JOIN vault_person_keys k ON k.person_id = t.person_id
 WHERE d.person_id = ANY(%(person_ids)s)
   AND (%(district_id)s::uuid IS NULL OR d.district_id = %(district_id)s)
 ORDER BY d.person_id, d.version DESC;

-- name: find_ids
SELECT identity_hmac, subject_id FROM vault_identities WHERE identity_hmac = ANY(%(hmacs)s);

-- name: add_ids
INSERT INTO vault_identities (identity_hmac, subject_id, source, district_id)
SELECT h, i, %(source)s, %(district_id)s
  FROM unnest(%(hmacs)s::bytea[], %(subject_ids)s::uuid[]) AS u (h, i)
 WHERE NOT EXISTS (SELECT FROM vault_tombstones t WHERE t.identity_hmac = h)
   AND NOT EXISTS (SELECT FROM vault_erasures e WHERE e.subject_id = i)
 ORDER BY h
ON CONFLICT DO NOTHING;

-- name: load_positions
SELECT position_hmac, person_id, first_day
  FROM vault_positions
 WHERE district_id = %(district_id)s AND source = %(source)s;

-- name: load_positions_of_person
SELECT position_hmac, person_id, first_day
  FROM vault_positions
 WHERE district_id = %(district_id)s AND person_id = %(person_id)s;

-- name: load_positions_everywhere
SELECT district_id, position_hmac, person_id, first_day
  FROM vault_positions
 WHERE person_id = %(person_id)s;

-- name: add_positions
INSERT INTO vault_positions (position_hmac, person_id, first_day, district_id, source)
SELECT h, p, d, %(district_id)s, %(source)s
  FROM unnest(%(hmacs)s::bytea[], %(person_ids)s::uuid[], %(first_days)s::date[]) AS u (h, p, d)
 WHERE NOT EXISTS (SELECT FROM vault_erasures e WHERE e.subject_id = p)
 ORDER BY h
ON CONFLICT DO NOTHING;

-- name: evidence_of
SELECT evidence_id FROM vault_evidence WHERE person_id = ANY(%(person_ids)s);

-- name: now
SELECT clock_timestamp();

-- name: find_upload
-- That it was sent once more is noted, so that nobody sweeps it before its event.
UPDATE vault_evidence
   SET sent_at = clock_timestamp()
 WHERE upload_id = %(key)s
RETURNING evidence_id, upload_id, person_id, sealed_keys, media_type, size_bytes,
          ciphertext_sha256, plaintext_commitment, plaintext_hmac;

-- name: load_evidence
SELECT evidence_id, upload_id, person_id, sealed_keys, media_type, size_bytes, ciphertext_sha256,
       plaintext_commitment, plaintext_hmac
  FROM vault_evidence
 WHERE evidence_id = %(key)s;

-- name: add_evidence
INSERT INTO vault_evidence (
    evidence_id, upload_id, person_id, sealed_keys, media_type, size_bytes, ciphertext_sha256,
    plaintext_commitment, plaintext_hmac
)
SELECT %(evidence_id)s, %(upload_id)s, %(person_id)s, %(sealed_keys)s, %(media_type)s,
       %(size_bytes)s, %(ciphertext_sha256)s, %(plaintext_commitment)s, %(plaintext_hmac)s
 -- Half of the time after which a blob without a row is swept, whoever was stopped meanwhile.
 WHERE clock_timestamp() < %(begun_at)s::timestamptz + interval '12 hours'
ON CONFLICT DO NOTHING;

-- name: others_with_the_same_evidence
SELECT e.evidence_id, o.person_id, o.upload_id
  FROM vault_evidence e
  JOIN vault_evidence o ON o.plaintext_hmac = e.plaintext_hmac AND o.person_id <> e.person_id
 WHERE e.evidence_id = ANY(%(evidence_ids)s);

-- name: same_evidence_of_others
SELECT DISTINCT o.person_id
  FROM vault_evidence e
  JOIN vault_evidence o ON o.plaintext_hmac = e.plaintext_hmac AND o.person_id <> e.person_id
 WHERE e.evidence_id = %(key)s
 ORDER BY o.person_id;
