-- What a teacher means to earn, and what she did on her way. It is hers, and nothing counts by it.

-- name: create
CREATE TABLE IF NOT EXISTS learning_plans (
    plan_id          uuid        PRIMARY KEY,
    person_id        uuid        NOT NULL,
    version          integer     NOT NULL,
    title_text_id    uuid        NOT NULL,  -- in the vault: what she called it
    created_at       timestamptz NOT NULL,
    created_position bigint      NOT NULL,
    credential_ids   uuid[]      NOT NULL   -- in her order
);
CREATE INDEX IF NOT EXISTS learning_plans_of_person ON learning_plans (person_id, created_position);
CREATE TABLE IF NOT EXISTS learning_steps (
    learning_id        uuid        NOT NULL,  -- the stream: two records that were merged keep two
    credential_version integer     NOT NULL,
    resource           text        NOT NULL,
    step               text        NOT NULL,  -- opened or completed
    person_id          uuid        NOT NULL,
    credential_id      uuid        NOT NULL,
    taken_at           timestamptz NOT NULL,
    position           bigint      NOT NULL,
    PRIMARY KEY (learning_id, credential_version, resource, step)
);
CREATE INDEX IF NOT EXISTS learning_steps_of_person ON learning_steps (person_id);

-- name: load_plans
SELECT * FROM learning_plans WHERE plan_id = ANY(%(ids)s);

-- name: save_plans
INSERT INTO learning_plans
SELECT r.* FROM json_populate_recordset(NULL::learning_plans, %(rows)s) r
    ON CONFLICT (plan_id) DO UPDATE
   SET version = excluded.version, credential_ids = excluded.credential_ids;

-- name: save_steps
INSERT INTO learning_steps
SELECT r.* FROM json_populate_recordset(NULL::learning_steps, %(rows)s) r;

-- name: plans_of_person
SELECT *
  FROM learning_plans
 WHERE person_id = %(person_id)s AND created_position > %(after)s
 ORDER BY created_position
 LIMIT %(limit)s;

-- name: named
SELECT credential_id, title, status FROM catalog_credentials WHERE credential_id = ANY(%(ids)s);

-- name: begun_by_person
SELECT credential_id, credential_version, v.title, begun_position
  FROM (SELECT credential_id, credential_version, min(position) AS begun_position
          FROM learning_steps
         WHERE person_id = %(person_id)s
         GROUP BY credential_id, credential_version) begun
  LEFT JOIN catalog_versions v USING (credential_id, credential_version)
 WHERE begun_position > %(after)s
 ORDER BY begun_position
 LIMIT %(limit)s;

-- name: resources_of_person
-- Of two records that were merged, whichever did it first says when.
SELECT r.resource->>'resource' AS resource, r.resource->>'title' AS title,
       r.resource->>'url' AS url, r.resource->>'kind' AS kind,
       (r.resource->>'minutes')::integer AS minutes,
       min(s.taken_at) FILTER (WHERE s.step = 'opened') AS opened_at,
       min(s.taken_at) FILTER (WHERE s.step = 'completed') AS completed_at,
       c.credential_id, c.credential_version
  FROM catalog_resources c
 CROSS JOIN jsonb_array_elements(c.resources) WITH ORDINALITY AS r(resource, place)
  LEFT JOIN learning_steps s
    ON (s.person_id, s.credential_id, s.credential_version, s.resource)
     = (%(person_id)s, c.credential_id, c.credential_version, r.resource->>'resource')
 WHERE c.credential_id = ANY(%(ids)s)
 GROUP BY c.credential_id, c.credential_version, r.place, r.resource
 ORDER BY c.credential_id, c.credential_version, r.place;
