-- Where the grants for one district are in the log.

-- name: about
-- The district is found in the bytes, so that those of all others need not be read and opened.
SELECT e.notification_id
  FROM history_streams h
  JOIN ledger_events e ON e.originator_id = h.stream_id
 WHERE h.kind = 'access' AND e.notification_id <= %(until)s
   AND position(%(scope)s::bytea IN e.state) > 0
 ORDER BY e.notification_id;
