-- What those scored who qualified as assessors by an award that was revoked since.

-- name: awards_turned
-- Whatever was revoked or reinstated at an issuer: few, and what they were then says the log.
SELECT enrollment_id, person_id
  FROM transcript_lines
 WHERE issuer_id = %(issuer_id)s AND reason IS NOT NULL AND awarded_on IS NOT NULL;

-- name: assessor_streams
SELECT stream_id FROM history_streams WHERE person_id = ANY(%(person_ids)s) AND kind = 'assessor';

-- name: scores
SELECT position
  FROM review_scores
 WHERE assessor_id = ANY(%(assessor_ids)s) AND credential_id = ANY(%(credential_ids)s)
   AND position <= %(until)s
 ORDER BY position;
