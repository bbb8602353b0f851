-- What HR has to be told of lanes, steps and base pay, as known at one position.

-- name: create
CREATE TABLE IF NOT EXISTS pay_notice_sign_offs (
    entitlement_id uuid        NOT NULL,
    person_id      uuid        NOT NULL,
    district_id    uuid        NOT NULL,
    acted_on       date,                  -- null: what was signed was not acted on after all
    effective_on   date,                  -- what the notice said when it was signed
    ends_on        date,
    signed_by      uuid        NOT NULL,
    signed_at      timestamptz NOT NULL,
    position       bigint      PRIMARY KEY
);
CREATE INDEX IF NOT EXISTS pay_notice_sign_offs_of ON pay_notice_sign_offs (entitlement_id);

-- name: save
INSERT INTO pay_notice_sign_offs
SELECT r.* FROM json_populate_recordset(NULL::pay_notice_sign_offs, %(rows)s) r;

-- name: sign_offs
SELECT DISTINCT ON (entitlement_id) *
  FROM pay_notice_sign_offs
 WHERE entitlement_id = ANY(%(entitlement_ids)s) AND position <= %(as_of)s
 ORDER BY entitlement_id, position DESC;

-- name: of_district
-- Of a rule as it says itself, those too that a revocation has ended since; of plain terms every
-- rise that is due. Whoever waits for a budget has no lane yet.
SELECT p.payout_id AS entitlement_id, p.person_id, p.district_id, p.policy_id, p.policy_version,
       policy.terms->>'title' AS policy_title, policy.board_reference, told.kind,
       p.earned_on AS crossed_on, told.complete_on, told.effective_on, told.ends_on,
       told.effective_on <= %(effective_on)s
           AND coalesce(told.ends_on >= %(effective_on)s, true) AS in_force,
       told.annual_cents, told.unit, told.reached, told.credit_hundredths,
       told.retro_days, told.settle_by
  FROM payouts p
       LEFT JOIN payout_waits w
              ON w.payout_id = p.payout_id AND w.from_position <= %(as_of)s
             AND coalesce(w.to_position > %(as_of)s, true)
       JOIN payout_policies policy
         ON policy.policy_id = p.policy_id AND policy.policy_version = p.policy_version
       CROSS JOIN LATERAL (
             SELECT *
               FROM json_to_record(p.notice::json)
                    AS said(kind text, effective_on date, ends_on date, annual_cents bigint,
                            unit text, reached int, credit_hundredths int,
                            complete_on date, retro_days int, settle_by date)
              WHERE p.notice IS NOT NULL
              UNION ALL
             SELECT 'base_add', p.payable_on, NULL, p.amount_cents, NULL, NULL, NULL,
                    p.earned_on, 0, NULL
              WHERE p.parts IS NULL AND p.benefit = 'base_pay' AND p.verdict = 'due') AS told
 WHERE p.from_position <= %(as_of)s AND coalesce(p.to_position > %(as_of)s, true)
   AND p.district_id = %(district_id)s AND w.payout_id IS NULL
   AND (%(entitlement_id)s::uuid IS NULL OR p.payout_id = %(entitlement_id)s)
   AND (%(kind)s::text IS NULL OR told.kind = %(kind)s)
   AND (%(from_day)s::date IS NULL OR told.complete_on >= %(from_day)s)
   AND (%(to_day)s::date IS NULL OR told.complete_on <= %(to_day)s)
   AND (told.effective_on, p.payout_id) > (%(after_day)s::date, %(after_id)s::uuid)
 ORDER BY told.effective_on, p.payout_id
 LIMIT %(limit)s;
