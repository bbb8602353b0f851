-- The engine's own tables. They exist once beside the live tables and once for each worker of a
-- rebuild, because a rebuild is the same engine in another schema.

-- name: create
CREATE TABLE IF NOT EXISTS bookmarks (
    name     text PRIMARY KEY,
    position bigint NOT NULL,  -- everything up to here is in the tables, nothing after it is
    digest   text NOT NULL     -- which tables and which fold made the rows
);
CREATE TABLE IF NOT EXISTS parked (
    name       text NOT NULL,
    position   bigint NOT NULL,
    stream     uuid NOT NULL,
    topic      text NOT NULL,
    scope_kind text NOT NULL CHECK (scope_kind IN ('person', 'credential', 'policy', 'ledger')),
    scope_id   uuid,           -- null for the whole ledger
    error      text,           -- null when the event itself is good and queues behind a bad one
    PRIMARY KEY (name, position)
);

-- name: register
INSERT INTO bookmarks (name, position, digest) VALUES (%(name)s, 0, %(digest)s)
    ON CONFLICT (name) DO NOTHING;

-- name: take_turn
SELECT pg_advisory_lock(hashtextextended(%(key)s, 0));

-- name: try_lead
-- One lock for each projection: whoever leads any of them keeps others from leading that one.
SELECT pg_try_advisory_lock(%(space)s, hashtext('runner of ' || name))
  FROM unnest(%(names)s::text[]) name;

-- name: try_lock
SELECT pg_try_advisory_lock(%(space)s, hashtext(%(name)s));

-- name: lock
-- Held alone it stops the projection: waits for the batch under way, and no other begins.
SELECT pg_advisory_lock(%(space)s, hashtext(%(name)s));

-- name: unlock
SELECT pg_advisory_unlock(%(space)s, hashtext(%(name)s));

-- name: positions
SELECT name, position FROM bookmarks;

-- name: bookmarks
SELECT b.name, b.position, b.digest,
       EXISTS (SELECT FROM parked p WHERE p.name = b.name) AS parked,
       (SELECT coalesce(max(notification_id), 0) FROM ledger_events) AS last_position
  FROM bookmarks b
 ORDER BY b.position, b.name;

-- name: claim
-- Compare and set: a runner that has been overtaken finds no row and has to stop. A projection
-- whose lock somebody holds alone (a check, a swap) answers false and is left out.
UPDATE bookmarks
   SET position = %(to)s
 WHERE name = ANY(%(names)s) AND position = %(after)s
RETURNING name, pg_try_advisory_xact_lock_shared(%(space)s, hashtext(name)),
          pg_notify(%(channel)s, %(message)s);

-- name: held_ids
-- Whoever has one of these ids queues: the scope of a bad event, and every stream in which
-- something is parked or queues already. Behind a merge that queues, so does who was kept.
SELECT DISTINCT id
  FROM parked,
       unnest(ARRAY[stream, CASE WHEN error IS NOT NULL OR topic = 'merge.persons-merged.v1'
                                 THEN scope_id END]) id
 WHERE name = %(name)s AND id IS NOT NULL;

-- name: park
INSERT INTO parked
SELECT r.* FROM json_populate_recordset(NULL::parked, %(rows)s) r;

-- name: parked
SELECT name, position, stream, topic, scope_kind, scope_id, error
  FROM parked
 ORDER BY name, position;

-- name: parked_counts
SELECT name, count(*) FROM parked WHERE error IS NOT NULL GROUP BY name ORDER BY name;

-- name: parked_scopes
-- Behind a merge that queues, events of who was kept queue as well.
SELECT DISTINCT scope_kind AS kind, scope_id AS id
  FROM parked
 WHERE name = %(name)s AND (error IS NOT NULL OR topic = 'merge.persons-merged.v1');

-- name: arrive
-- The workers of a rebuild had bookmarks of their own.
UPDATE bookmarks SET position = %(position)s;

-- name: be_patient
-- For longer than the server lets an autovacuum go on that somebody waits for (deadlock_timeout).
SET LOCAL lock_timeout = '2s';

-- name: be_impatient
SET LOCAL lock_timeout = '100ms';

-- name: forget_parked
DELETE FROM {live}.parked WHERE name = {name};

-- name: take_parked
INSERT INTO {live}.parked SELECT * FROM {new}.parked WHERE name = {name};

-- name: take_bookmark
INSERT INTO {live}.bookmarks SELECT * FROM {new}.bookmarks WHERE name = {name}
    ON CONFLICT (name) DO UPDATE SET position = excluded.position, digest = excluded.digest;

-- name: key
SELECT a.attname
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k(number, place)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
 WHERE n.nspname = %(schema)s AND c.relname = %(table)s AND i.indisprimary
 ORDER BY k.place;

-- name: parked_positions
SELECT position, scope_kind, scope_id, error IS NULL AS queued
  FROM {schema}.parked
 WHERE name = %(name)s
 ORDER BY position;

-- name: lag
SELECT b.name, b.position, b.digest, last.position AS last_position,
       count(p.error) AS parked, count(p.position) - count(p.error) AS queued
  FROM bookmarks b
 CROSS JOIN (SELECT coalesce(max(notification_id), 0) AS position FROM ledger_events) last
  LEFT JOIN parked p ON p.name = b.name
 GROUP BY b.name, b.position, b.digest, last.position
 ORDER BY b.name;

-- name: tables_of_persons
-- Of some tables, those that say of each row whose it is.
SELECT name
  FROM unnest(%(names)s::text[]) name
  JOIN pg_attribute a ON a.attrelid = to_regclass(name) AND a.attname = 'person_id';

-- name: tables
SELECT schemaname, tablename
  FROM pg_tables
 WHERE schemaname = ANY(%(schemas)s)
 ORDER BY schemaname, tablename;
