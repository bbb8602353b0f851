-- How a district takes micro-credentials up: who of its staff began one, handed it in, earned it.

-- name: of_district
-- An enrollment is the district's that employed her on the day on which it began, in its own zone.
SELECT l.credential_id, count(DISTINCT l.person_id) AS persons, count(*) AS enrolled,
       count(*) FILTER (WHERE l.attempts <> '[]') AS submitted,
       count(*) FILTER (WHERE l.awarded_on IS NOT NULL) AS earned,
       count(*) FILTER (WHERE l.revoked_on IS NOT NULL) AS revoked
  FROM transcript_lines l
 WHERE EXISTS (SELECT
                 FROM employments e
                WHERE e.district_id = %(district_id)s AND e.person_id = l.person_id
                  AND (l.enrolled_at AT TIME ZONE e.zone)::date
                      BETWEEN e.first_day AND coalesce(e.last_day, 'infinity'))
   AND (%(from_day)s::date IS NULL
        OR (l.enrolled_at AT TIME ZONE %(zone)s)::date >= %(from_day)s)
   AND (%(to_day)s::date IS NULL OR (l.enrolled_at AT TIME ZONE %(zone)s)::date <= %(to_day)s)
 GROUP BY l.credential_id
 ORDER BY l.credential_id;

-- name: enrollments_of_district
-- The streams from which the lines of whoever the district ever employed are made.
SELECT l.enrollment_id
  FROM transcript_lines l
 WHERE l.person_id IN (SELECT e.person_id FROM employments e WHERE e.district_id = %(district_id)s);
