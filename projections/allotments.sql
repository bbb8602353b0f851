-- Money from outside that has to reach staff, as the district's calendar has it.

-- name: owed_by_fund
-- What is owed of each year of a policy, by the fund that pays it or a share of it. Notices to HR
-- have no lines: of those the policy's account says the fund.
SELECT p.policy_id, p.fiscal_year, paid.fund, sum(paid.cents)::bigint AS cents
  FROM payouts p
       LEFT JOIN payout_waits w
              ON w.payout_id = p.payout_id AND w.from_position <= %(as_of)s
             AND coalesce(w.to_position > %(as_of)s, true)
       JOIN payout_policies v
         ON v.policy_id = p.policy_id AND v.policy_version = p.policy_version
       CROSS JOIN LATERAL (
             SELECT v.terms->'account'->>'fund' AS fund,
                    CASE WHEN w.payout_id IS NULL THEN p.amount_cents ELSE p.closed_cents END
                         AS cents
              WHERE p.parts IS NULL
                 OR p.benefit = ANY(%(of_hr)s)
              UNION ALL
             SELECT coalesce(share.value->>0, part.fund),
                    CASE WHEN w.payout_id IS NULL THEN asked.cents
                         WHEN part.amount_cents = 0 THEN 0
                         ELSE round(asked.cents::numeric / part.amount_cents
                                    * coalesce(p.closed_parts[part.instalment], 0))
                    END
               FROM json_to_recordset(p.parts::json)
                    AS part(instalment int, fund text, amount_cents bigint, shares json)
                    LEFT JOIN LATERAL json_array_elements(part.shares) AS share ON true
                    CROSS JOIN LATERAL (
                          SELECT coalesce((share.value->>1)::bigint, part.amount_cents) AS cents
                         ) AS asked
              WHERE p.benefit <> ALL(%(of_hr)s)) AS paid
 WHERE p.district_id = %(district_id)s AND p.from_position <= %(as_of)s
   AND coalesce(p.to_position > %(as_of)s, true)
   AND p.verdict = 'due' AND (w.payout_id IS NULL OR p.closed_cents > 0)
 GROUP BY p.policy_id, p.fiscal_year, paid.fund;

-- name: allotments
SELECT fact::text
  FROM payout_calendars
 WHERE district_id = %(district_id)s AND position <= %(as_of)s
   AND fact->>'kind' = 'allotment_set'
 ORDER BY position;
