-- Who had a hand in the awards that something is paid for.

-- name: may_review
-- Whether one of these persons was ever let assess, or one of these streams of grants ever let
-- decide: nearly nobody who makes batches was, and then nothing else has to be looked at. The
-- streams come first: planned in one, a short log is searched whole, batches of a megabyte too.
WITH granted AS MATERIALIZED (
    SELECT state FROM ledger_events WHERE originator_id = ANY(%(grants)s))
SELECT EXISTS (SELECT FROM history_streams
                WHERE person_id = ANY(%(person_ids)s) AND kind = 'assessor')
    OR EXISTS (SELECT FROM granted WHERE position(%(role)s::bytea IN state) > 0);

-- name: have_reviewed
-- Whether an event of theirs is among those that an award of these entitlements came about by.
WITH awards AS (
    SELECT DISTINCT e.originator_id
      FROM payouts p
           CROSS JOIN LATERAL unnest(p.positions) AS place
           JOIN ledger_events e ON e.notification_id = place
     WHERE p.payout_id = ANY(%(entitlement_ids)s::uuid[]) AND e.topic = %(awarded)s)
SELECT EXISTS (
    SELECT
      FROM awards
           JOIN ledger_events e USING (originator_id)
           CROSS JOIN LATERAL unnest(%(persons)s::bytea[]) AS person
     WHERE e.topic = ANY(%(topics)s) AND position(person IN e.state) > 0);
