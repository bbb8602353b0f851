-- What those scored who qualified as assessors by an award that was revoked since.

-- name: awards_turned
-- Whatever was revoked or reinstated at an issuer: few, and what they were then says the log.
SELECT enrollment_id, person_id
  FROM transcript_lines
 WHERE issuer_id = %(issuer_id)s AND reason IS NOT NULL AND awarded_on IS NOT NULL;

-- name: assessor_streams
SELECT stream_id FROM history_streams WHERE person_id = ANY(%(person_ids)s) AND kind = 'assessor';

-- name: scores
-- Asked only where there is such an assessor, which is seldom: so no index is kept for it, and
-- every review of the micro-credentials concerned is looked through.
SELECT e.notification_id
  FROM reviews r
       JOIN ledger_events e ON e.originator_id = r.enrollment_id
 WHERE r.credential_id = ANY(%(credential_ids)s)
   AND e.topic = ANY(%(topics)s) AND e.notification_id <= %(until)s
   AND EXISTS (SELECT FROM unnest(%(assessors)s::bytea[]) AS assessor
                WHERE position(assessor IN e.state) > 0)
 ORDER BY e.notification_id;
