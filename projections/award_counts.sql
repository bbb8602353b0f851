-- How many teachers of a district earned what, where and when: nobody is told apart.

-- name: of_district
-- Each counts once for a micro-credential: with her first award that stands, made while the district
-- employed her, at the school where she worked on that day.
WITH firsts AS (
    SELECT DISTINCT ON (l.credential_id, l.person_id)
           l.credential_id, l.awarded_on, s.segment ->> 'school_id' AS school_id
      FROM transcript_lines l
           JOIN employments e
             ON e.person_id = l.person_id AND e.district_id = %(district_id)s
            AND l.awarded_on BETWEEN e.first_day AND coalesce(e.last_day, 'infinity')
           LEFT JOIN LATERAL (
               SELECT segment
                 FROM jsonb_array_elements(e.segments) AS segment
                WHERE (segment ->> 'from_day')::date <= l.awarded_on
                ORDER BY segment ->> 'from_day' DESC
                LIMIT 1) s ON true
     WHERE l.awarded_on IS NOT NULL AND l.revoked_on IS NULL
     ORDER BY l.credential_id, l.person_id, l.awarded_on, l.enrolled_position, e.employment_id)
SELECT credential_id, awarded_on, school_id, count(*) AS teachers
  FROM firsts
 GROUP BY credential_id, awarded_on, school_id;
