-- The outbox of webhooks: filled behind a bookmark, leased for each try, and never emptied. What a
-- message says is not in it: that follows from the log, and may name a person.

-- name: bookmark
SELECT position FROM vault_webhook_bookmark;

-- name: move_bookmark
-- Compared and set, so that two who follow do not fill it twice.
UPDATE vault_webhook_bookmark SET position = %(to)s WHERE position = %(after)s;

-- name: add
INSERT INTO vault_webhook_deliveries (webhook_id, message_id, position, next_try_at)
SELECT w, m, p, %(now)s
  FROM unnest(%(webhook_ids)s::uuid[], %(message_ids)s::text[], %(positions)s::bigint[])
       AS u (w, m, p)
ON CONFLICT DO NOTHING;

-- name: lease
-- Nobody else tries these before the lease ends, and somebody will if we do not come back.
UPDATE vault_webhook_deliveries d
   SET attempts = d.attempts + 1, next_try_at = %(until)s
  FROM (SELECT webhook_id, message_id
          FROM vault_webhook_deliveries
         WHERE delivered_at IS NULL AND next_try_at <= %(now)s
         ORDER BY next_try_at, position
         LIMIT %(limit)s
           FOR UPDATE SKIP LOCKED) due
 WHERE d.webhook_id = due.webhook_id AND d.message_id = due.message_id
RETURNING d.webhook_id, d.message_id, d.position, d.attempts;

-- name: delivered
UPDATE vault_webhook_deliveries
   SET delivered_at = %(now)s, last_answer = NULL
 WHERE webhook_id = %(webhook_id)s AND message_id = %(message_id)s;

-- name: failed
UPDATE vault_webhook_deliveries
   SET next_try_at = %(next)s, last_answer = %(answer)s
 WHERE webhook_id = %(webhook_id)s AND message_id = %(message_id)s AND delivered_at IS NULL;

-- name: deliveries
SELECT message_id, position, attempts, next_try_at, last_answer, delivered_at
  FROM vault_webhook_deliveries
 WHERE webhook_id = %(webhook_id)s
 ORDER BY position DESC
 LIMIT %(limit)s;

-- name: parked
SELECT message_id, position FROM vault_webhook_deliveries
 WHERE delivered_at IS NULL AND last_answer = %(answer)s
 ORDER BY position, message_id;
