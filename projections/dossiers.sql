-- What is on file about a person in one district, as far as rules ask for it.

-- name: of_person
SELECT version, position, fact
  FROM payout_records
 WHERE person_id = %(person_id)s AND district_id = %(district_id)s
   AND position <= %(as_of)s AND coalesce(withdrawn_position > %(as_of)s, true)
   AND fact->>'kind' = ANY(%(kinds)s)
   AND coalesce(fact->>'subject_id' = %(subject_id)s, %(subject_id)s::text IS NULL)
   AND position > %(after)s
 ORDER BY position
 LIMIT %(limit)s;
