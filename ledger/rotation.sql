-- Wrapping keys anew. What is changed is compared with what was read, so that nobody's change and
-- no erasure is undone.

-- name: try_alone
SELECT pg_try_advisory_lock(hashtextextended(current_schema() || '.vault-keys', 0));

-- name: leave
SELECT pg_advisory_unlock(hashtextextended(current_schema() || '.vault-keys', 0));

-- name: wrapped_by_root
-- The secret of all keyed digests has no key id.
SELECT NULL::uuid AS key_id, hashing_secret AS wrapped FROM vault_tenant
UNION ALL
SELECT key_id, wrapped FROM vault_wrapping_keys;

-- name: rewrap_hashing_secret
UPDATE vault_tenant SET hashing_secret = %(wrapped)s WHERE hashing_secret = %(before)s;

-- name: rewrap_wrapping_key
UPDATE vault_wrapping_keys
   SET wrapped = %(wrapped)s
 WHERE key_id = %(key_id)s AND wrapped = %(before)s;

-- name: tenant_keys
-- How many keys of persons each of them wraps; the newest last.
SELECT k.key_id, k.created_at, k.wrapped, count(p.person_id) AS wraps
  FROM vault_wrapping_keys k
  LEFT JOIN vault_person_keys p ON p.wrapping_key_id = k.key_id
 GROUP BY k.key_id, k.created_at, k.wrapped
 ORDER BY k.created_at, k.key_id;

-- name: persons_behind
SELECT person_id, key_id, wrapped
  FROM vault_person_keys
 WHERE wrapping_key_id = ANY(ARRAY(
       SELECT key_id FROM vault_wrapping_keys WHERE key_id <> %(newest)s))
 LIMIT %(limit)s;

-- name: rewrap_person_keys
UPDATE vault_person_keys p
   SET wrapped = u.wrapped
  FROM unnest(%(person_ids)s::uuid[], %(befores)s::bytea[], %(wrapped)s::bytea[])
       AS u (person_id, before, wrapped)
 WHERE p.person_id = u.person_id AND p.wrapped = u.before;

-- name: drop_wrapping_key
DELETE FROM vault_wrapping_keys WHERE key_id = %(key_id)s;
