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
       LEFT JOIN payout_waits w ON w.payout_id = p.payout_id AND w.to_position IS NULL
       CROSS JOIN LATERAL (
             SELECT p.payable_on AS due_on,
                    CASE WHEN w.payout_id IS NULL THEN p.amount_cents ELSE p.closed_cents END
                         AS cents
              WHERE p.parts IS NULL
                 OR p.benefit = ANY(%(of_hr)s)
              UNION ALL
             SELECT listed.due_on,
                    CASE WHEN w.payout_id IS NULL THEN listed.amount_cents
                         ELSE coalesce(p.closed_parts[listed.instalment], 0) END
               FROM json_to_recordset(p.parts::json)
                    AS listed(instalment int, due_on date, amount_cents bigint)
            ) AS part
 WHERE p.person_id = ANY(%(person_ids)s) AND p.policy_id = %(policy_id)s
   AND p.to_position IS NULL AND p.verdict = 'due'

-- name: of_adopted
-- By what is in force, for what was earned within the span.
   AND p.earned_on BETWEEN %(from_day)s AND %(to_day)s
   AND (w.payout_id IS NULL OR p.closed_cents > 0);

-- name: of_draft
   AND p.policy_version = %(policy_version)s;

-- name: drafted_reasons
SELECT p.verdict, p.reason, count(*), coalesce(sum(p.amount_cents), 0)::bigint
  FROM payouts p
 WHERE p.person_id = ANY(%(person_ids)s) AND p.policy_id = %(policy_id)s
   AND p.policy_version = %(policy_version)s AND p.to_position IS NULL
 GROUP BY p.verdict, p.reason;
