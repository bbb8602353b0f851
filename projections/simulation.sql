-- What a draft policy is compared with, a page of persons at a time.

-- name: persons
SELECT DISTINCT person_id
  FROM payout_employments
 WHERE district_id = %(district_id)s AND person_id > %(after)s
 ORDER BY person_id
 LIMIT %(limit)s;

-- name: count_persons
SELECT count(DISTINCT person_id) FROM payout_employments WHERE district_id = %(district_id)s;

-- name: owed
-- What a policy owes these persons, part by part.
SELECT p.person_id, part.due_on, part.cents
  FROM payouts p
       CROSS JOIN LATERAL (
             SELECT p.payable_on AS due_on, p.amount_cents AS cents
              WHERE p.parts IS NULL
                 OR p.benefit = ANY(%(of_hr)s)
              UNION ALL
             SELECT listed.due_on, listed.amount_cents
               FROM json_to_recordset(p.parts::json) AS listed(due_on date, amount_cents bigint)
            ) AS part
 WHERE p.person_id = ANY(%(person_ids)s) AND p.policy_id = %(policy_id)s
   AND p.to_position IS NULL AND p.verdict = 'due'

-- name: closed
-- What payroll has closed stands first in the line for a year's money, whatever it would be.
SELECT payout_id FROM payouts WHERE policy_id = %(policy_id)s AND closed AND to_position IS NULL;

-- name: of_adopted
-- By what is in force, for what was earned within the span.
   AND p.earned_on BETWEEN %(from_day)s AND %(to_day)s
   AND NOT EXISTS (SELECT FROM payout_waits w
                    WHERE w.payout_id = p.payout_id AND w.to_position IS NULL);

-- name: of_draft
   AND p.policy_version = %(policy_version)s;

-- name: drafted_reasons
SELECT p.verdict, p.reason, count(*), coalesce(sum(p.amount_cents), 0)::bigint
  FROM payouts p
 WHERE p.person_id = ANY(%(person_ids)s) AND p.policy_id = %(policy_id)s
   AND p.policy_version = %(policy_version)s AND p.to_position IS NULL
 GROUP BY p.verdict, p.reason;
