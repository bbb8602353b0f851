-- Where the grants of everybody are in the log.

-- name: streams
SELECT stream_id FROM history_streams WHERE kind = 'access';
