-- What may have come to say something else between two positions, and what happened there.

-- name: lines_of_person
SELECT enrollment_id
  FROM transcript_lines
 WHERE person_id = %(person_id)s
   AND enrolled_position <= %(until)s AND positions[cardinality(positions)] > %(since)s;

-- name: lines_of_district
SELECT enrollment_id
  FROM transcript_lines
 WHERE person_id IN (SELECT person_id FROM employments WHERE district_id = %(district_id)s)
   AND enrolled_position <= %(until)s AND positions[cardinality(positions)] > %(since)s;

-- name: openings_of_person
SELECT position
  FROM history_streams, unnest(positions) position
 WHERE person_id = %(person_id)s AND kind = 'opening'
   AND position > %(since)s AND position <= %(until)s;

-- name: openings_of_district
-- Credits from elsewhere are among them; their events tell them apart.
SELECT position
  FROM renewal_credits
 WHERE district_id = %(district_id)s AND kind = 'micro_credential'
   AND position > %(since)s AND position <= %(until)s;

-- name: accepted_of_person
SELECT DISTINCT person_id
  FROM acceptances a JOIN external_records r USING (record_id, person_id)
 WHERE person_id = %(person_id)s AND a.positions[1] <= %(until)s
   AND greatest(a.positions[cardinality(a.positions)], r.positions[cardinality(r.positions)])
       > %(since)s;

-- name: accepted_of_district
SELECT DISTINCT person_id
  FROM acceptances a JOIN external_records r USING (record_id, person_id)
 WHERE a.district_id = %(district_id)s AND a.positions[1] <= %(until)s
   AND greatest(a.positions[cardinality(a.positions)], r.positions[cardinality(r.positions)])
       > %(since)s;

-- name: spans_of_district
SELECT person_id, first_day, last_day
  FROM employments
 WHERE district_id = %(district_id)s AND person_id = ANY(%(person_ids)s)
   AND (last_day IS NULL OR last_day >= first_day);  -- an empty span was never held

-- name: payouts_of_person
SELECT p.payout_id, array_agg(DISTINCT moved)
  FROM payouts p
       LEFT JOIN payout_waits w USING (payout_id)
       CROSS JOIN LATERAL
       unnest(ARRAY[p.from_position, p.to_position, w.from_position, w.to_position]) AS moved
 WHERE p.person_id = %(person_id)s AND moved > %(since)s AND moved <= %(until)s
 GROUP BY p.payout_id;

-- name: payouts_of_district
SELECT p.payout_id, array_agg(DISTINCT moved)
  FROM payouts p
       LEFT JOIN payout_waits w USING (payout_id)
       CROSS JOIN LATERAL
       unnest(ARRAY[p.from_position, p.to_position, w.from_position, w.to_position]) AS moved
 WHERE p.district_id = %(district_id)s AND moved > %(since)s AND moved <= %(until)s
 GROUP BY p.payout_id;

-- name: these_payouts
   AND p.payout_id = ANY(%(payout_ids)s);

-- name: employments_of_person
SELECT employment_id FROM employments WHERE person_id = %(person_id)s AND position > %(since)s;

-- name: employments_of_district
SELECT employment_id FROM employments WHERE district_id = %(district_id)s AND position > %(since)s;

-- name: reviews_of_person
-- All of hers: an issuer's holidays move the day on which a decision is due without an event of it.
SELECT enrollment_id, issuer_id FROM reviews WHERE person_id = %(person_id)s;

-- name: happenings
SELECT notification_id AS position, topic, originator_id AS stream, recorded_at
  FROM ledger_events
 WHERE notification_id = ANY(%(positions)s)
 ORDER BY notification_id;
