-- Which enrollments in a micro-credential were scored, those scored last first.

-- name: scored
SELECT enrollment_id
  FROM review_scores
 WHERE credential_id = %(credential_id)s AND position <= %(until)s
 GROUP BY enrollment_id
 ORDER BY max(position) DESC
 LIMIT %(limit)s;
