-- What can be earned: micro-credentials with every published version, their issuers, the stacks.

-- name: create
CREATE TABLE IF NOT EXISTS catalog_credentials (
    credential_id      uuid PRIMARY KEY,
    issuer_id          uuid NOT NULL,
    status             text NOT NULL,     -- drafted, published or retired
    credential_version integer NOT NULL,  -- the newest published; 0 while none is
    title              text NOT NULL,     -- from here on: of the newest version, else of the draft
    summary            text NOT NULL,
    tier               text NOT NULL,
    focus_areas        text[] NOT NULL,
    audiences          text[] NOT NULL,
    evidence_kinds     text[] NOT NULL,
    needs_students     boolean NOT NULL,  -- some evidence can only come from a class
    effort_hours_min   integer NOT NULL,
    effort_hours_max   integer NOT NULL,
    valid_months       integer,
    author_id          uuid,
    draft              jsonb,             -- null once what was drafted is published
    answer             text,              -- to a teacher's draft that was never published
    position           bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS catalog_credentials_by_title
    ON catalog_credentials (title, credential_id);
CREATE INDEX IF NOT EXISTS catalog_credentials_of_issuer ON catalog_credentials (issuer_id);
CREATE TABLE IF NOT EXISTS catalog_versions (
    credential_id      uuid NOT NULL,
    credential_version integer NOT NULL,
    title              text NOT NULL,
    tier               text NOT NULL,
    definition         jsonb NOT NULL,
    published_at       timestamptz NOT NULL,
    position           bigint NOT NULL,
    PRIMARY KEY (credential_id, credential_version)
);
CREATE TABLE IF NOT EXISTS catalog_alignments (
    credential_id      uuid NOT NULL,
    credential_version integer NOT NULL,
    alignments         jsonb NOT NULL,    -- statements of frameworks; the newest list
    position           bigint NOT NULL,
    PRIMARY KEY (credential_id, credential_version)
);
CREATE TABLE IF NOT EXISTS catalog_resources (
    credential_id      uuid NOT NULL,
    credential_version integer NOT NULL,
    resources          jsonb NOT NULL,    -- to learn from; the newest list
    position           bigint NOT NULL,
    PRIMARY KEY (credential_id, credential_version)
);
CREATE TABLE IF NOT EXISTS catalog_issuers (
    issuer_id    uuid PRIMARY KEY,
    name         text NOT NULL,
    zone         text NOT NULL,
    terms        jsonb NOT NULL,
    standard     text,                    -- of the newest vetting
    approved     boolean NOT NULL,
    valid_until  date,                    -- of the approval
    suspended    boolean NOT NULL,
    position     bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS catalog_stacks (
    stack_id               uuid PRIMARY KEY,
    issuer_id              uuid NOT NULL,
    stack_version          integer NOT NULL,
    status                 text NOT NULL, -- defined or retired
    title                  text NOT NULL,
    summary                text NOT NULL,
    requirement            jsonb NOT NULL,
    capstone_credential_id uuid,
    credential_ids         uuid[] NOT NULL, -- everything that counts towards it
    position               bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS catalog_stacks_by_title ON catalog_stacks (title, stack_id);

-- name: load_credentials
SELECT * FROM catalog_credentials WHERE credential_id = ANY(%(ids)s);

-- name: load_issuers
SELECT * FROM catalog_issuers WHERE issuer_id = ANY(%(ids)s);

-- name: load_stacks
SELECT * FROM catalog_stacks WHERE stack_id = ANY(%(ids)s);

-- name: save_credentials
INSERT INTO catalog_credentials
SELECT r.* FROM json_populate_recordset(NULL::catalog_credentials, %(rows)s) r
    ON CONFLICT (credential_id) DO UPDATE
   SET status = excluded.status, credential_version = excluded.credential_version,
       title = excluded.title, summary = excluded.summary, tier = excluded.tier,
       focus_areas = excluded.focus_areas, audiences = excluded.audiences,
       evidence_kinds = excluded.evidence_kinds, needs_students = excluded.needs_students,
       effort_hours_min = excluded.effort_hours_min, effort_hours_max = excluded.effort_hours_max,
       valid_months = excluded.valid_months, author_id = excluded.author_id,
       draft = excluded.draft, answer = excluded.answer, position = excluded.position;

-- name: save_versions
INSERT INTO catalog_versions
SELECT r.* FROM json_populate_recordset(NULL::catalog_versions, %(rows)s) r;

-- name: save_alignments
INSERT INTO catalog_alignments
SELECT r.* FROM json_populate_recordset(NULL::catalog_alignments, %(rows)s) r
    ON CONFLICT (credential_id, credential_version) DO UPDATE
   SET alignments = excluded.alignments, position = excluded.position;

-- name: save_resources
INSERT INTO catalog_resources
SELECT r.* FROM json_populate_recordset(NULL::catalog_resources, %(rows)s) r
    ON CONFLICT (credential_id, credential_version) DO UPDATE
   SET resources = excluded.resources, position = excluded.position;

-- name: save_issuers
INSERT INTO catalog_issuers
SELECT r.* FROM json_populate_recordset(NULL::catalog_issuers, %(rows)s) r
    ON CONFLICT (issuer_id) DO UPDATE
   SET terms = excluded.terms, standard = excluded.standard, approved = excluded.approved,
       valid_until = excluded.valid_until, suspended = excluded.suspended,
       position = excluded.position;

-- name: save_stacks
INSERT INTO catalog_stacks
SELECT r.* FROM json_populate_recordset(NULL::catalog_stacks, %(rows)s) r
    ON CONFLICT (stack_id) DO UPDATE
   SET stack_version = excluded.stack_version, status = excluded.status, title = excluded.title,
       summary = excluded.summary, requirement = excluded.requirement,
       capstone_credential_id = excluded.capstone_credential_id,
       credential_ids = excluded.credential_ids, position = excluded.position;

-- name: search
-- In pages by title. A filter that is null lets everything through.
SELECT c.*, i.name AS issuer_name, i.suspended AS issuer_suspended
  FROM catalog_credentials c
  JOIN catalog_issuers i ON i.issuer_id = c.issuer_id
 WHERE (c.title, c.credential_id) > (%(after_title)s, %(after_id)s)
   AND c.status = %(status)s
   AND (%(issuer_id)s::uuid IS NULL OR c.issuer_id = %(issuer_id)s)
   AND (%(focus_area)s::text IS NULL OR %(focus_area)s = ANY(c.focus_areas))
   AND (%(audience)s::text IS NULL OR %(audience)s = ANY(c.audiences))
   AND (%(framework)s::text IS NULL OR EXISTS (
           SELECT FROM catalog_alignments a, jsonb_array_elements(a.alignments) one
            WHERE (a.credential_id, a.credential_version) = (c.credential_id, c.credential_version)
              AND concat_ws(' ', one->>'framework', one->>'edition') = %(framework)s))
   AND (%(evidence_kind)s::text IS NULL OR %(evidence_kind)s = ANY(c.evidence_kinds))
   AND (%(needs_students)s::boolean IS NULL OR c.needs_students = %(needs_students)s)
   AND (%(hours_max)s::integer IS NULL OR c.effort_hours_max <= %(hours_max)s)
   AND (%(counts_in)s::text IS NULL OR (
           SELECT r.counted
             FROM json_to_recordset(%(rates)s)
                  AS r(jurisdiction text, place int, counted bool, credential_ids uuid[],
                       issuer_ids uuid[])
            WHERE r.jurisdiction = %(counts_in)s
              AND coalesce(c.credential_id = ANY(r.credential_ids), true)
              AND coalesce(c.issuer_id = ANY(r.issuer_ids), true)
            ORDER BY r.place LIMIT 1))
   AND (%(stack_id)s::uuid IS NULL OR c.credential_id = ANY(
           SELECT unnest(credential_ids) FROM catalog_stacks WHERE stack_id = %(stack_id)s))
   AND (%(proposed)s::boolean IS NULL OR (c.author_id IS NOT NULL) = %(proposed)s)
   AND (%(approved_by)s::uuid IS NULL OR EXISTS (
           SELECT FROM json_to_recordset(%(approvals)s)
                  AS p(credential_ids uuid[], issuer_ids uuid[], tiers text[], stack_id uuid)
            WHERE coalesce(c.credential_id = ANY(p.credential_ids), true)
              AND coalesce(c.issuer_id = ANY(p.issuer_ids), true)
              AND coalesce(c.tier = ANY(p.tiers), true)
              AND (p.stack_id IS NULL OR c.credential_id = ANY(
                      SELECT unnest(s.credential_ids) FROM catalog_stacks s
                       WHERE s.stack_id = p.stack_id))))
   AND (%(answers)s::text[] IS NULL OR coalesce(c.answer, 'proposed') = ANY(%(answers)s))
   AND (%(words)s::text IS NULL
        OR position(lower(%(words)s) IN lower(c.title || ' ' || c.summary)) > 0)
 ORDER BY c.title, c.credential_id
 LIMIT %(limit)s;

-- name: facets
-- How many published micro-credentials each value would leave.
WITH counting AS (
    SELECT DISTINCT ON (c.credential_id, r.jurisdiction) c.credential_id, r.jurisdiction, r.counted
      FROM catalog_credentials c
      JOIN json_to_recordset(%(rates)s)
           AS r(jurisdiction text, place int, counted bool, credential_ids uuid[], issuer_ids uuid[])
        ON coalesce(c.credential_id = ANY(r.credential_ids), true)
       AND coalesce(c.issuer_id = ANY(r.issuer_ids), true)
     ORDER BY c.credential_id, r.jurisdiction, r.place)
SELECT facet, value, count(*) AS credentials
  FROM catalog_credentials c
 CROSS JOIN LATERAL (
       SELECT 'focus_area' AS facet, unnest(c.focus_areas) AS value
        UNION ALL SELECT 'audience', unnest(c.audiences)
        UNION ALL SELECT 'evidence_kind', unnest(c.evidence_kinds)
        UNION ALL SELECT DISTINCT 'framework', concat_ws(' ', one->>'framework', one->>'edition')
                    FROM catalog_alignments a, jsonb_array_elements(a.alignments) one
                   WHERE (a.credential_id, a.credential_version)
                       = (c.credential_id, c.credential_version)
        UNION ALL SELECT 'issuer_id', c.issuer_id::text
        UNION ALL SELECT 'needs_students', c.needs_students::text
        UNION ALL SELECT 'hours_max', c.effort_hours_max::text
        UNION ALL SELECT 'counts_in', n.jurisdiction
                    FROM counting n WHERE n.credential_id = c.credential_id AND n.counted
        UNION ALL SELECT 'stack_id', s.stack_id::text
                    FROM catalog_stacks s
                   WHERE s.status = 'defined' AND c.credential_id = ANY(s.credential_ids)) f
 WHERE c.status = 'published'
 GROUP BY facet, value
 ORDER BY facet, credentials DESC, value;

-- name: credentials
SELECT c.*, i.name AS issuer_name, i.suspended AS issuer_suspended
  FROM catalog_credentials c
  JOIN catalog_issuers i ON i.issuer_id = c.issuer_id
 WHERE c.credential_id = ANY(%(credential_ids)s);

-- name: versions
SELECT v.*, coalesce(a.alignments, '[]') AS alignments, coalesce(r.resources, '[]') AS resources
  FROM catalog_versions v
  LEFT JOIN catalog_alignments a USING (credential_id, credential_version)
  LEFT JOIN catalog_resources r USING (credential_id, credential_version)
 WHERE credential_id = ANY(%(credential_ids)s)
 ORDER BY credential_id, credential_version;

-- name: version
SELECT v.*, coalesce(a.alignments, '[]') AS alignments, coalesce(r.resources, '[]') AS resources
  FROM catalog_versions v
  LEFT JOIN catalog_alignments a USING (credential_id, credential_version)
  LEFT JOIN catalog_resources r USING (credential_id, credential_version)
 WHERE credential_id = %(credential_id)s AND credential_version = %(credential_version)s;

-- name: titles
SELECT v.credential_id, v.credential_version, v.title, v.tier
  FROM json_to_recordset(%(rows)s) AS wanted(credential_id uuid, credential_version integer)
  JOIN catalog_versions v USING (credential_id, credential_version);

-- name: issuer
SELECT * FROM catalog_issuers WHERE issuer_id = %(issuer_id)s;

-- name: issuers
SELECT * FROM catalog_issuers WHERE issuer_id > %(after)s ORDER BY issuer_id LIMIT %(limit)s;

-- name: stack
SELECT * FROM catalog_stacks WHERE stack_id = %(stack_id)s;

-- name: stacks
SELECT *
  FROM catalog_stacks
 WHERE (title, stack_id) > (%(after_title)s, %(after_id)s)
 ORDER BY title, stack_id
 LIMIT %(limit)s;
