-- Physical badges: what was asked for, and where each is. Whether its award is in force is joined.

-- name: create
CREATE TABLE IF NOT EXISTS physical_badges (
    badge_id      uuid    PRIMARY KEY,
    enrollment_id uuid    NOT NULL UNIQUE,  -- the award
    person_id     uuid    NOT NULL,
    issuer_id     uuid    NOT NULL,
    credential_id uuid    NOT NULL,
    district_id   uuid    NOT NULL,         -- the school's
    school_id     uuid    NOT NULL,
    position      bigint  NOT NULL,         -- of the first request
    zone          text    NOT NULL,         -- of the days below
    requested_on  date    NOT NULL,
    stage         text    NOT NULL,
    shipments     integer NOT NULL,
    returns       integer NOT NULL,
    moved_on      date,
    version       integer NOT NULL
);
CREATE INDEX IF NOT EXISTS physical_badges_of_issuer ON physical_badges (issuer_id, position);
CREATE INDEX IF NOT EXISTS physical_badges_of_person ON physical_badges (person_id);

-- name: load
SELECT * FROM physical_badges WHERE badge_id = ANY(%(ids)s);

-- name: save
INSERT INTO physical_badges
SELECT r.* FROM json_populate_recordset(NULL::physical_badges, %(rows)s) r
    ON CONFLICT (badge_id) DO UPDATE
   SET district_id = excluded.district_id, school_id = excluded.school_id,
       requested_on = excluded.requested_on, stage = excluded.stage,
       shipments = excluded.shipments, returns = excluded.returns, moved_on = excluded.moved_on,
       version = excluded.version;

-- name: of_person
SELECT b.*, o.name AS school_name,
       a.revoked_on IS NULL AND coalesce(%(day)s < a.expires_on, true) AS in_force
  FROM physical_badges b
  JOIN record_awards a USING (enrollment_id)
  LEFT JOIN organizations o ON o.organization_id = b.school_id
 WHERE b.person_id = %(person_id)s
 ORDER BY b.position DESC;

-- name: of_issuer
SELECT *
  FROM (SELECT b.*, o.name AS school_name,
               a.revoked_on IS NULL AND coalesce(%(day)s < a.expires_on, true) AS in_force
          FROM physical_badges b
          JOIN record_awards a USING (enrollment_id)
          LEFT JOIN organizations o ON o.organization_id = b.school_id
         WHERE b.issuer_id = %(issuer_id)s AND b.position > %(after)s) listed
 WHERE NOT %(open_only)s OR (in_force AND stage IN ('requested', 'returned'))
 ORDER BY position
 LIMIT %(limit)s;

-- name: fulfillment
SELECT a.credential_id,
       count(*)::int AS earned,
       count(b.badge_id)::int AS requested,
       coalesce(sum(b.shipments), 0)::int AS shipped,
       count(*) FILTER (WHERE b.stage = 'delivered')::int AS delivered,
       coalesce(sum(b.returns), 0)::int AS returned
  FROM record_awards a
  LEFT JOIN physical_badges b USING (enrollment_id)
 WHERE a.issuer_id = %(issuer_id)s
   AND a.credential_id IN (SELECT asked.credential_id
                             FROM physical_badges asked
                            WHERE asked.issuer_id = %(issuer_id)s)
   AND a.revoked_on IS NULL AND coalesce(%(day)s < a.expires_on, true)
   AND b.stage IS DISTINCT FROM 'canceled'
 GROUP BY a.credential_id
 ORDER BY a.credential_id;
