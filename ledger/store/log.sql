-- Reads of the log and the one write. Prepared once on each connection, binary both ways.

-- name: append
SELECT first_position, appended_at, refused, reasons
  FROM ledger_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: wake
SELECT pg_notify(current_schema() || '_appended', '')

-- name: command
SELECT originator_id, originator_version, topic, state, body_hash, notification_id, recorded_at
  FROM ledger_events
 WHERE command_id = $1
 ORDER BY command_index

-- name: stream
SELECT originator_id, originator_version, topic, state
  FROM ledger_events
 WHERE originator_id = $1 AND originator_version > $2 AND originator_version <= $3
 ORDER BY originator_version
 LIMIT $4

-- name: stream_in_part
-- With an empty state where nobody looks into it: the lines of a batch are megabytes.
SELECT originator_id, originator_version, topic,
       CASE WHEN topic = ANY ($2) THEN '' ELSE state END
  FROM ledger_events
 WHERE originator_id = $1
 ORDER BY originator_version

-- name: streams
SELECT originator_id, originator_version, topic, state
  FROM ledger_events
 WHERE originator_id = ANY ($1)
 ORDER BY originator_id, originator_version

-- name: topics_of_commands
SELECT command_id, topic FROM ledger_events WHERE command_id = ANY ($1)

-- name: stream_backwards
SELECT originator_id, originator_version, topic, state
  FROM ledger_events
 WHERE originator_id = $1 AND originator_version > $2 AND originator_version <= $3
 ORDER BY originator_version DESC
 LIMIT $4

-- name: notifications
SELECT originator_id, originator_version, topic, state, notification_id
  FROM ledger_events
 WHERE notification_id > $1 AND notification_id <= $2
 ORDER BY notification_id
 LIMIT $3

-- name: notifications_of_topics
SELECT originator_id, originator_version, topic, state, notification_id
  FROM ledger_events
 WHERE notification_id > $1 AND notification_id <= $2 AND topic = ANY ($4)
 ORDER BY notification_id
 LIMIT $3

-- name: log
SELECT notification_id, recorded_at, originator_id, originator_version, topic, state
  FROM ledger_events
 WHERE notification_id > $1 AND notification_id <= $2
 ORDER BY notification_id
 LIMIT $3

-- name: last_position
SELECT notification_id FROM ledger_events ORDER BY notification_id DESC LIMIT 1
