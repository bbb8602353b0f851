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

-- name: page_of_share
-- The same without what is about persons of whom other workers take care. A merge goes to every
-- worker, for behind it events that are about nobody may name somebody else. The person is found
-- in the bytes, for to parse them takes longer than all the rest; a quotation mark inside a text
-- is escaped, so no text can pose as the field.
SELECT notification_id, originator_id, originator_version, topic, state
  FROM ledger_events
 CROSS JOIN LATERAL (
       SELECT CASE WHEN topic LIKE 'person.%%' THEN convert_to(originator_id::text, 'UTF8')
                   WHEN topic <> ALL(%(of_all)s) THEN substring(state FROM coalesce(
                        nullif(position('"person_id":"'::bytea IN state), 0) + 13,
                        nullif(position('"principal_id":"'::bytea IN state), 0) + 16)
                        FOR 36) END AS id) person
 WHERE notification_id > %(after)s AND notification_id <= %(until)s
   AND topic <> ALL(%(passed_over)s)
   AND substring(coalesce(
           CASE WHEN %(merged)s THEN convert_to(%(meant)s ->> encode(id, 'escape'), 'UTF8') END,
           id) FROM 7 FOR 2) <> ALL(%(others)s) IS NOT FALSE
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

-- name: recorded
-- Which of these commands had recorded something by a position.
SELECT DISTINCT command_id FROM ledger_events
 WHERE command_id = ANY(%(command_ids)s) AND notification_id <= %(until)s;

-- name: recorded_at
SELECT recorded_at FROM ledger_events WHERE notification_id = %(position)s;

-- name: merges
-- The stream of all merges, which is short.
SELECT state
  FROM ledger_events
 WHERE originator_id = %(stream)s AND topic = %(topic)s AND notification_id <= %(until)s
 ORDER BY notification_id;
