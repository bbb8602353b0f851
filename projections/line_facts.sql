-- What a payroll file says of a line beside what the batch does.

-- name: evidence
-- What was uploaded and handed in for the awards that entitlements rest on, up to a position.
WITH awards AS (
    SELECT DISTINCT p.payout_id, award.originator_id
      FROM payouts p
           CROSS JOIN LATERAL unnest(p.positions) AS place
           JOIN ledger_events award ON award.notification_id = place
     WHERE p.payout_id = ANY(%(entitlement_ids)s::uuid[]) AND award.topic = %(awarded)s)
SELECT awards.payout_id::text, e.originator_id, e.topic, e.state
  FROM awards
       JOIN ledger_events e USING (originator_id)
 WHERE e.topic = ANY(%(topics)s) AND e.notification_id <= %(through)s
 ORDER BY awards.payout_id, e.notification_id;

-- name: counted
-- The tests of those that are so many units at so much each, as known at a position.
SELECT p.payout_id::text, p.checks::json
  FROM payouts p
 WHERE p.payout_id = ANY(%(entitlement_ids)s::uuid[]) AND p.from_position <= %(through)s
   AND coalesce(p.to_position > %(through)s, true) AND p.checks LIKE '%%"rate_cents"%%';

-- name: positions
SELECT person_id, employment_id::text, first_day, last_day
  FROM employments
 WHERE district_id = %(district_id)s AND person_id = ANY(%(person_ids)s::uuid[])
 ORDER BY first_day, employment_id;
