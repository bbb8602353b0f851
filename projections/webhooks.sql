-- Who wants to be told of what: addresses, and the messages that follow from the log.

-- name: create
CREATE TABLE IF NOT EXISTS webhooks (
    webhook_id       uuid   PRIMARY KEY,
    district_id      uuid   NOT NULL,
    url              text   NOT NULL,
    secret_text_id   uuid   NOT NULL,  -- in the vault
    registered_by    uuid   NOT NULL,
    position         bigint NOT NULL,
    removed_position bigint
);
CREATE INDEX IF NOT EXISTS webhooks_of_district ON webhooks (district_id, position);

CREATE TABLE IF NOT EXISTS webhook_messages (
    position    bigint PRIMARY KEY,
    message_id  text   NOT NULL,
    district_id uuid   NOT NULL,
    person_id   uuid,            -- whom the body names, if anybody
    body        text   NOT NULL  -- as it is signed and sent
);

-- name: save
WITH registered AS (
    INSERT INTO webhooks
    SELECT r.* FROM json_populate_recordset(NULL::webhooks, %(registered)s) r)
INSERT INTO webhook_messages
SELECT r.* FROM json_populate_recordset(NULL::webhook_messages, %(messages)s) r;

-- name: remove
UPDATE webhooks
   SET removed_position = r.removed_position
  FROM json_populate_recordset(NULL::webhooks, %(rows)s) r
 WHERE webhooks.webhook_id = r.webhook_id;

-- name: of_district
SELECT * FROM webhooks WHERE district_id = %(district_id)s ORDER BY position;

-- name: addresses
SELECT * FROM webhooks WHERE webhook_id = ANY(%(webhook_ids)s);

-- name: to_tell
-- What happened after a position and up to another, for each address that was told of then.
SELECT w.webhook_id, m.message_id, m.position
  FROM webhook_messages m
       JOIN webhooks w ON w.district_id = m.district_id AND w.position < m.position
                      AND coalesce(w.removed_position > m.position, true)
 WHERE m.position > %(after)s AND m.position <= %(until)s
 ORDER BY m.position, w.webhook_id;

-- name: messages
SELECT position, person_id, body FROM webhook_messages WHERE position = ANY(%(positions)s);
