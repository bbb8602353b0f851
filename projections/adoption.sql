-- How a district takes micro-credentials up: who of its staff began one, handed it in, earned it.

-- name: days_of_staff
-- The first days of positions, and those after the last ones, each in the position's own zone.
SELECT zone, first_day AS day FROM employments WHERE district_id = %(district_id)s
 UNION
SELECT zone, last_day + 1 FROM employments
 WHERE district_id = %(district_id)s AND last_day < '9999-12-31';  -- no day comes after that one

-- name: of_district
-- An enrollment is the district's that employed her at the instant at which it began.
WITH days AS (
    SELECT * FROM unnest(%(zones)s::text[], %(days)s::date[], %(begin_at)s::timestamptz[])
                  AS one (zone, day, begins_at))
SELECT l.credential_id, count(DISTINCT l.person_id) AS persons, count(*) AS enrolled,
       count(*) FILTER (WHERE l.attempts <> '[]') AS submitted,
       count(*) FILTER (WHERE l.awarded_on IS NOT NULL) AS earned,
       count(*) FILTER (WHERE l.revoked_on IS NOT NULL) AS revoked
  FROM transcript_lines l
 WHERE EXISTS (SELECT
                 FROM employments e
                 JOIN days first ON first.zone = e.zone AND first.day = e.first_day
                 LEFT JOIN days beyond ON beyond.zone = e.zone AND beyond.day = e.last_day + 1
                WHERE e.district_id = %(district_id)s AND e.person_id = l.person_id
                  AND l.enrolled_at >= first.begins_at
                  AND l.enrolled_at < coalesce(beyond.begins_at, 'infinity'))
   AND l.enrolled_at >= coalesce(%(from_at)s::timestamptz, '-infinity')
   AND l.enrolled_at < coalesce(%(until_at)s::timestamptz, 'infinity')
 GROUP BY l.credential_id
 ORDER BY l.credential_id;

-- name: enrollments_of_district
-- The streams from which the lines of whoever the district ever employed are made.
SELECT l.enrollment_id
  FROM transcript_lines l
 WHERE l.person_id IN (SELECT e.person_id FROM employments e WHERE e.district_id = %(district_id)s);
