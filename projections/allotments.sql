-- Money from outside that has to reach staff, as the district's calendar has it.

-- name: allotments
SELECT fact::text
  FROM payout_calendars
 WHERE district_id = %(district_id)s AND position <= %(as_of)s
   AND fact->>'kind' = 'allotment_set'
 ORDER BY position;
