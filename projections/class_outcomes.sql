-- What districts say came of whole classes, term by term. No student is in it.

-- name: create
CREATE TABLE IF NOT EXISTS class_outcomes (
    outcomes_id uuid   PRIMARY KEY,  -- the stream: two records that were merged keep two
    district_id uuid   NOT NULL,
    person_id   uuid   NOT NULL,     -- who taught the classes
    term        text   NOT NULL,
    first_day   date   NOT NULL,     -- of the term
    classes     jsonb  NOT NULL,     -- empty: what was said is taken back
    position    bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS class_outcomes_of ON class_outcomes (district_id, person_id);

-- name: save
INSERT INTO class_outcomes
SELECT r.* FROM json_populate_recordset(NULL::class_outcomes, %(rows)s) r
    ON CONFLICT (outcomes_id) DO UPDATE
   SET person_id = excluded.person_id, classes = excluded.classes, position = excluded.position;

-- name: of_person
SELECT *
  FROM (SELECT DISTINCT ON (term) *
          FROM class_outcomes
         WHERE district_id = %(district_id)s AND person_id = %(person_id)s
         ORDER BY term, position DESC) newest
 WHERE classes <> '[]'
 ORDER BY first_day;

-- name: streams
SELECT outcomes_id
  FROM class_outcomes
 WHERE district_id = %(district_id)s
   AND person_id = coalesce(%(person_id)s::uuid, person_id);

-- name: of_district
-- Whoever held it on the first day of the term, by an award that stands and that the district may
-- see, as it employed her on that award's day; beside all others who taught in that term.
WITH newest AS (
    SELECT DISTINCT ON (person_id, term) *
      FROM class_outcomes
     WHERE district_id = %(district_id)s
     ORDER BY person_id, term, position DESC),
results AS (
    SELECT n.person_id, n.term, c.measure, sum(c.students) AS students,
           sum(c.students * c.mean_hundredths) AS hundredths
      FROM newest n
           CROSS JOIN LATERAL jsonb_to_recordset(n.classes)
                              AS c (measure text, students bigint, mean_hundredths bigint)
     GROUP BY n.person_id, n.term, c.measure),
holders AS (
    SELECT DISTINCT n.person_id, n.term, l.credential_id
      FROM newest n
           JOIN transcript_lines l
             ON l.person_id = n.person_id AND l.revoked_on IS NULL
            AND l.awarded_on <= n.first_day AND n.first_day < coalesce(l.expires_on, 'infinity')
           JOIN employments e
             ON e.person_id = l.person_id AND e.district_id = %(district_id)s
            AND l.awarded_on BETWEEN e.first_day AND coalesce(e.last_day, 'infinity'))
SELECT one.credential_id, r.term, r.measure, h.person_id IS NOT NULL AS held,
       count(*) AS teachers, sum(r.students) AS students, sum(r.hundredths) AS hundredths
  FROM results r
       JOIN (SELECT DISTINCT credential_id, term FROM holders) one USING (term)
       LEFT JOIN holders h USING (credential_id, term, person_id)
 GROUP BY one.credential_id, r.term, r.measure, held;
