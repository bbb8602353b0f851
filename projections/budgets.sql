-- What a year of a policy comes to: what is owed by the payouts, against what payroll has closed.

-- name: money
-- One row for each policy and fiscal year, as known at a position, to which the tables of batches
-- have to be folded. What a line was paid counts as payroll says it.
WITH latest AS (
    SELECT DISTINCT ON (payout_id)
           payout_id, policy_id, policy_version, fiscal_year, benefit, verdict, amount_cents,
           parts, closed_cents, to_position
      FROM payouts
     WHERE district_id = %(district_id)s AND from_position <= %(as_of)s
     ORDER BY payout_id, from_position DESC),
owed AS (
    SELECT l.payout_id, l.policy_id, l.policy_version, l.fiscal_year, l.benefit,
           CASE WHEN w.payout_id IS NULL THEN 0 ELSE l.closed_cents END AS closed_cents,
           CASE WHEN l.to_position <= %(as_of)s OR l.verdict = 'not_due' THEN 'nothing'
                WHEN l.verdict = 'pending' OR w.payout_id IS NOT NULL THEN 'pending'
                ELSE 'due' END AS stands,
           CASE WHEN l.parts IS NULL
                  OR l.benefit = ANY(%(of_hr)s)
                THEN l.amount_cents
                WHEN l.verdict = 'pending' THEN l.amount_cents
                ELSE (SELECT coalesce(sum(part.amount_cents), 0)
                        FROM json_to_recordset(l.parts::json) AS part(amount_cents bigint))
           END AS cents
      FROM latest l
           LEFT JOIN payout_waits w
                  ON w.payout_id = l.payout_id AND w.from_position <= %(as_of)s
                 AND coalesce(w.to_position > %(as_of)s, true)),
spent AS (
    SELECT l.entitlement_id,
           coalesce(sum(now.cents) FILTER (WHERE now.as = 'paid'), 0) AS paid_cents,
           coalesce(sum(now.cents) FILTER (WHERE now.as = 'obligated'), 0) AS obligated_cents,
           coalesce(sum(now.cents) FILTER (WHERE now.as = 'written_off'), 0) AS written_off_cents
      FROM batch_lines l
           JOIN batches b USING (batch_id)
           CROSS JOIN LATERAL (
                 SELECT CASE WHEN l.settled = 'written_off' THEN 'written_off'
                             WHEN l.exception IS NULL AND l.answer = 'accepted' THEN 'paid'
                             ELSE 'obligated' END AS as,
                        CASE WHEN l.exception IS NULL AND l.answer = 'accepted'
                             THEN coalesce(l.paid_cents, l.amount_cents)
                             ELSE l.amount_cents END AS cents) AS now
     WHERE l.district_id = %(district_id)s AND b.closed_position IS NOT NULL
       AND b.voided_position IS NULL AND l.settled IS DISTINCT FROM 'released'
       AND NOT (l.exception IS NULL AND coalesce(l.answer = 'rejected', false))
     GROUP BY l.entitlement_id),
each AS (
    SELECT o.policy_id, o.policy_version, o.fiscal_year, o.benefit,
           CASE o.stands WHEN 'due' THEN o.cents WHEN 'pending' THEN o.closed_cents ELSE 0
           END AS owed_cents,
           CASE WHEN o.stands = 'pending' THEN o.cents - o.closed_cents ELSE 0
           END AS pending_cents,
           coalesce(s.paid_cents, 0) AS paid_cents,
           coalesce(s.obligated_cents, 0) AS obligated_cents,
           coalesce(s.written_off_cents, 0) AS written_off_cents
      FROM owed o LEFT JOIN spent s ON s.entitlement_id = o.payout_id),
open AS (
    SELECT *, owed_cents - paid_cents - obligated_cents - written_off_cents AS open_cents
      FROM each)
SELECT policy_id, fiscal_year, max(policy_version) AS policy_version, min(benefit) AS benefit,
       sum(owed_cents)::bigint AS owed_cents,
       sum(pending_cents)::bigint AS pending_cents,
       sum(greatest(open_cents, 0))::bigint AS reserved_cents,
       sum(greatest(-open_cents, 0))::bigint AS to_recover_cents,
       sum(obligated_cents)::bigint AS obligated_cents,
       sum(paid_cents)::bigint AS paid_cents,
       sum(written_off_cents)::bigint AS written_off_cents
  FROM open
 GROUP BY policy_id, fiscal_year
 ORDER BY policy_id, fiscal_year;

-- name: in_review
-- What people whom the district ever employed have handed in and nobody has decided.
SELECT r.enrollment_id, r.person_id, r.credential_id, r.credential_version, r.issuer_id, r.zone
  FROM reviews r
 WHERE r.state IN ('in_review', 'recommended', 'held') AND r.zone IS NOT NULL
   AND EXISTS (SELECT FROM payout_employments e
                WHERE e.person_id = r.person_id AND e.district_id = %(district_id)s)
 ORDER BY r.submitted_on, r.enrollment_id;
