-- What policies have added to base pay, for each teacher, as it holds on a day.

-- name: of_district
-- Of a rule as it says itself, until the day on which a revocation ends it; of plain terms every
-- rise that is due. Whoever waits for a budget has no rise yet.
SELECT p.person_id, sum(told.annual_cents)::bigint AS annual_cents,
       max(told.begins_on) AS newest_on,
       array_agg(p.payout_id ORDER BY told.begins_on, p.earned_position, p.payout_id) AS payout_ids
  FROM payouts p
       LEFT JOIN payout_waits w
              ON w.payout_id = p.payout_id AND w.from_position <= %(as_of)s
             AND coalesce(w.to_position > %(as_of)s, true)
       CROSS JOIN LATERAL (
             SELECT said.effective_on AS begins_on, said.ends_on, said.annual_cents
               FROM json_to_record(p.notice::json)
                    AS said(kind text, effective_on date, ends_on date, annual_cents bigint)
              WHERE p.notice IS NOT NULL AND said.kind = 'base_add'
              UNION ALL
             SELECT p.payable_on, NULL, p.amount_cents
              WHERE p.parts IS NULL AND p.benefit = 'base_pay' AND p.verdict = 'due') AS told
 WHERE p.from_position <= %(as_of)s AND coalesce(p.to_position > %(as_of)s, true)
   AND p.district_id = %(district_id)s AND w.payout_id IS NULL
   AND told.begins_on <= %(effective_on)s AND coalesce(told.ends_on >= %(effective_on)s, true)
   AND p.person_id > %(after)s::uuid
 GROUP BY p.person_id
 ORDER BY p.person_id
 LIMIT %(limit)s;

-- name: pays
-- How often a district pays in the fiscal year that holds a day; the newest word on each stands.
SELECT pays.pays
  FROM (SELECT DISTINCT ON (fact->>'fiscal_year') fact->>'fiscal_year' AS fiscal_year,
               (fact->>'first_day')::date AS first_day, (fact->>'last_day')::date AS last_day
          FROM payout_calendars
         WHERE district_id = %(district_id)s AND position <= %(as_of)s
           AND fact->>'kind' = 'fiscal_year_set'
         ORDER BY fact->>'fiscal_year', position DESC) AS year
  JOIN (SELECT DISTINCT ON (fact->>'fiscal_year') fact->>'fiscal_year' AS fiscal_year,
               json_array_length(fact->'pay_periods') AS pays
          FROM payout_calendars
         WHERE district_id = %(district_id)s AND position <= %(as_of)s
           AND fact->>'kind' = 'pay_calendar_set'
         ORDER BY fact->>'fiscal_year', position DESC) AS pays USING (fiscal_year)
 WHERE %(effective_on)s BETWEEN year.first_day AND year.last_day;
