-- What a journal of money is made from, beside the events of batches.

-- name: owed
-- What was owed from one position until the next; base pay is the salary schedule's to book.
SELECT p.payout_id, p.policy_id, p.from_position, p.to_position,
       CASE WHEN p.verdict <> 'due' THEN 0
            WHEN p.parts IS NULL THEN p.amount_cents
            ELSE (SELECT coalesce(sum(part.amount_cents), 0)
                    FROM json_to_recordset(p.parts::json) AS part(amount_cents bigint))
       END::bigint AS cents,
       CASE WHEN p.verdict = 'due' THEN p.closed_cents ELSE 0 END AS closed_cents
  FROM payouts p
 WHERE p.district_id = %(district_id)s AND p.from_position <= %(as_of)s
   AND p.benefit <> ALL(%(of_hr)s)
 ORDER BY p.payout_id, p.from_position;

-- name: persons
SELECT DISTINCT person_id
  FROM payouts
 WHERE district_id = %(district_id)s AND from_position <= %(as_of)s
   AND benefit <> ALL(%(of_hr)s);

-- name: waits
-- From where to where in the log it waited for the budget, so no more than is closed was owed.
SELECT w.payout_id, w.from_position, w.to_position
  FROM payout_waits w
 WHERE w.from_position <= %(as_of)s
   AND EXISTS (SELECT FROM payouts p
                WHERE p.payout_id = w.payout_id AND p.district_id = %(district_id)s)
 ORDER BY w.payout_id, w.from_position;

-- name: batch_streams
SELECT batch_id FROM batches WHERE district_id = %(district_id)s;

-- name: decided_entitlements
SELECT entitlement_id FROM entitlement_decisions WHERE district_id = %(district_id)s;

-- name: fiscal_years
-- For which year each was earned, as known at a position.
SELECT DISTINCT ON (payout_id) payout_id, fiscal_year
  FROM payouts
 WHERE payout_id = ANY(%(payout_ids)s) AND from_position <= %(as_of)s
 ORDER BY payout_id, from_position DESC;
