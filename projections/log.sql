-- How the read side reads the log: forward, in pages by position, and never in another order.

-- name: page
-- Without the topics that nobody asks for. What has no known topic is read as well: whoever cannot
-- tell what an event says cannot tell either that it does not matter.
SELECT notification_id, originator_id, originator_version, topic, state
  FROM ledger_events
 WHERE notification_id > %(after)s AND notification_id <= %(until)s
   AND topic <> ALL(%(passed_over)s)
 ORDER BY notification_id
 LIMIT %(limit)s;

-- name: at_positions
SELECT notification_id, originator_id, originator_version, topic, state
  FROM ledger_events
 WHERE notification_id = ANY(%(positions)s)
 ORDER BY notification_id;

-- name: of_streams
SELECT notification_id, originator_id, originator_version, topic, state
  FROM ledger_events
 WHERE originator_id = ANY(%(streams)s) AND notification_id <= %(until)s
 ORDER BY notification_id;

-- name: last_position
SELECT coalesce(max(notification_id), 0) FROM ledger_events;

-- name: recorded_at
SELECT recorded_at FROM ledger_events WHERE notification_id = %(position)s;

-- name: merges
-- The stream of all merges, which is short.
SELECT state
  FROM ledger_events
 WHERE originator_id = %(stream)s AND topic = %(topic)s AND notification_id <= %(until)s
 ORDER BY notification_id;
