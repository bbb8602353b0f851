-- Challenges of districts, their teams and members. What teams hand in is in other views.

-- name: create
CREATE TABLE IF NOT EXISTS challenges (
    challenge_id    uuid        PRIMARY KEY,
    district_id     uuid        NOT NULL,
    position        bigint      NOT NULL,
    title           text        NOT NULL,
    credential_ids  uuid[]      NOT NULL,
    deadline        jsonb       NOT NULL,  -- as clocks show it in its zone
    closes_at       timestamptz NOT NULL,  -- the first instant that is too late
    members_min     integer     NOT NULL,
    score_rule      text        NOT NULL,
    tie_rule        text        NOT NULL,
    prize           jsonb       NOT NULL,
    teams           integer     NOT NULL,
    locked          integer[]   NOT NULL,  -- the teams that take part
    version         integer     NOT NULL,
    won_by          integer,               -- the team that was awarded the prize
    won_with        integer,               -- hundredths of a point
    won_through     bigint                 -- the position of the log that said so
);
CREATE INDEX IF NOT EXISTS challenges_of_district ON challenges (district_id, position);
CREATE TABLE IF NOT EXISTS challenge_members (
    challenge_id uuid    NOT NULL,
    person_id    uuid    NOT NULL,
    district_id  uuid    NOT NULL,
    team         integer NOT NULL,
    position     bigint  NOT NULL,  -- of joining
    gone         boolean NOT NULL,
    share_cents  bigint,
    PRIMARY KEY (challenge_id, person_id, team)
);
CREATE INDEX IF NOT EXISTS challenge_members_of_person ON challenge_members (person_id);

-- name: load
SELECT * FROM challenges WHERE challenge_id = ANY(%(ids)s);

-- name: load_members
SELECT * FROM challenge_members WHERE challenge_id = ANY(%(ids)s);

-- name: save
INSERT INTO challenges
SELECT r.* FROM json_populate_recordset(NULL::challenges, %(rows)s) r
    ON CONFLICT (challenge_id) DO UPDATE
   SET teams = excluded.teams, locked = excluded.locked, version = excluded.version,
       won_by = excluded.won_by, won_with = excluded.won_with, won_through = excluded.won_through;

-- name: save_members
INSERT INTO challenge_members
SELECT r.* FROM json_populate_recordset(NULL::challenge_members, %(rows)s) r
    ON CONFLICT (challenge_id, person_id, team) DO UPDATE
   SET position = excluded.position, gone = excluded.gone, share_cents = excluded.share_cents;

-- name: merge_members
-- Of two records in one team the one that is still with it stands, or the kept one's. Two in two
-- teams are in both, as the challenge itself has them: she may leave the one or the other.
WITH twice AS (
    SELECT kept.challenge_id, kept.team, other.position, other.gone,
           kept.share_cents AS own_cents, other.share_cents AS other_cents
      FROM challenge_members kept
      JOIN challenge_members other USING (challenge_id, team)
     WHERE kept.person_id = %(person_id)s AND other.person_id = %(merged_id)s
), stays AS (
    UPDATE challenge_members m
       SET position = CASE WHEN m.gone THEN t.position ELSE m.position END,
           gone = m.gone AND t.gone,
           share_cents = coalesce(t.own_cents + t.other_cents, t.own_cents, t.other_cents)
      FROM twice t
     WHERE m.challenge_id = t.challenge_id AND m.team = t.team AND m.person_id = %(person_id)s
)
DELETE FROM challenge_members m
 USING twice t
 WHERE m.challenge_id = t.challenge_id AND m.team = t.team AND m.person_id = %(merged_id)s;

-- name: of_district
SELECT * FROM challenges
 WHERE district_id = %(district_id)s AND position > %(after)s
 ORDER BY position
 LIMIT %(limit)s;

-- name: members
SELECT * FROM challenge_members
 WHERE challenge_id = %(challenge_id)s AND NOT gone
 ORDER BY position;

-- name: enrollments
-- Who set out to earn what counts: their streams say what was handed in when.
SELECT enrollment_id
  FROM transcript_lines
 WHERE person_id = ANY(%(person_ids)s) AND credential_id = ANY(%(credential_ids)s);
