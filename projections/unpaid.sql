-- Why not paid: the lines of payouts.sql, narrowed down to what is not due; and how all of them
-- divide, so that whoever adds up has every award × policy in force.

-- name: not_due
   AND now.status <> 'due'

-- name: for_reason
   AND now.reason = %(reason)s

-- name: counts
SELECT found.policy_id, found.status, found.reason, count(*) AS pairs,
       coalesce(sum(found.amount_cents), 0)::bigint AS amount_cents
  FROM ({lines} AND p.district_id = %(district_id)s {person}) AS found
 GROUP BY found.policy_id, found.status, found.reason
 ORDER BY found.policy_id, found.status, found.reason NULLS FIRST;
