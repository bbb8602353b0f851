-- Where in the log to find what happened to one teacher. What it was, the log itself says.

-- name: create
CREATE TABLE IF NOT EXISTS history_streams (
    stream_id uuid PRIMARY KEY,
    person_id uuid NOT NULL,
    kind      text NOT NULL,            -- the first word of the stream's topics
    positions bigint[] NOT NULL         -- of every event of the stream, in order
) WITH (fillfactor = 85);
CREATE INDEX IF NOT EXISTS history_streams_of_person ON history_streams (person_id);
-- Grants are asked for of everybody at once, and are few among the rest.
CREATE INDEX IF NOT EXISTS history_streams_of_grants ON history_streams (stream_id)
    WHERE kind = 'access';

-- name: append
INSERT INTO history_streams AS known
SELECT r.* FROM json_populate_recordset(NULL::history_streams, %(rows)s) r
    ON CONFLICT (stream_id) DO UPDATE SET positions = known.positions || excluded.positions;

-- name: list_merge
UPDATE history_streams
   SET positions = positions || %(position)s::bigint
 WHERE stream_id = %(stream_id)s;

-- name: of_person
SELECT e.notification_id AS position, e.topic, e.originator_id AS stream, e.recorded_at
  FROM (SELECT position
          FROM history_streams, unnest(positions) position
         WHERE person_id = %(person_id)s AND position > %(after)s AND position <= %(until)s
         ORDER BY position
         LIMIT %(limit)s) happened
  JOIN ledger_events e ON e.notification_id = happened.position
 ORDER BY e.notification_id;

-- name: positions
SELECT position
  FROM history_streams, unnest(positions) position
 WHERE person_id = ANY(%(person_ids)s) AND kind = ANY(%(kinds)s) AND position <= %(until)s
 ORDER BY position;
