-- The log: one table and one door. Whoever may append can do nothing else, and nobody who logs in
-- may change or remove what is there.

CREATE TABLE ledger_events (
    notification_id    bigint      PRIMARY KEY,  -- the position: gapless, in the order of commits
    originator_version bigint      NOT NULL,
    recorded_at        timestamptz NOT NULL,     -- set by ledger_append, never decreasing
    originator_id      uuid        NOT NULL,
    command_id         uuid        NOT NULL,
    command_index      integer     NOT NULL,
    topic              text        NOT NULL,
    state              bytea       NOT NULL,
    body_hash          bytea,                    -- of the whole command, so on its first event
    CONSTRAINT ledger_events_stream UNIQUE (originator_id, originator_version),
    CONSTRAINT ledger_events_command UNIQUE (command_id, command_index),
    CONSTRAINT ledger_events_position CHECK (notification_id >= 1),
    CONSTRAINT ledger_events_version CHECK (originator_version >= 1),
    CONSTRAINT ledger_events_index CHECK (command_index >= 0),
    CONSTRAINT ledger_events_topic CHECK (topic <> ''),
    CONSTRAINT ledger_events_body_hash CHECK (
        CASE WHEN command_index = 0
             THEN body_hash IS NOT NULL AND octet_length(body_hash) = 32
             ELSE body_hash IS NULL END
    )
);

-- Appends queue for this row. It is locked and never updated: an updated counter bloats under one
-- long snapshot, and LOCK TABLE waits for every VACUUM.
CREATE TABLE ledger_lock (one boolean PRIMARY KEY CHECK (one));
INSERT INTO ledger_lock VALUES (true);

-- Appends a group of commands, each whole or not at all, and answers with one row: the position of
-- the first event, the time of recording, and the commands refused with the reason for each:
--     command   its id is in the log already, so it has happened
--     version   one of its streams has moved: somebody else has written the version it wants to write
--     read      a stream whose version it names has moved
-- The events of the others follow each other in the order given. Events travel as columns, reads
-- as well; a read of version 0 says that the stream must not exist.
--
-- Two commands of one group must not touch a stream in common: they would be judged as if the
-- other were not there. Two that write the same version fail the group.
CREATE FUNCTION ledger_append(
    streams uuid[], versions bigint[], topics text[], states bytea[],
    commands uuid[], indexes integer[], body_hashes bytea[],
    read_commands uuid[], read_streams uuid[], read_versions bigint[],
    OUT first_position bigint, OUT appended_at timestamptz, OUT refused uuid[], OUT reasons text[]
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
-- A plan made anew for each call costs more than the call, and one made while the table is still
-- small must not turn to reading all of it.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    collided uuid[];
BEGIN
    PERFORM FROM ledger_lock FOR UPDATE;
    IF NOT FOUND THEN
        RAISE 'ledger_lock has lost its row: appends cannot be put in order';
    END IF;

    SELECT e.notification_id + 1, greatest(e.recorded_at, clock_timestamp())
      INTO first_position, appended_at
      FROM ledger_events e
     ORDER BY e.notification_id DESC
     LIMIT 1;
    first_position := coalesce(first_position, 1);
    appended_at := coalesce(appended_at, clock_timestamp());

    refused := '{}';
    IF cardinality(read_streams) > 0 THEN
        refused := array(
            SELECT DISTINCT r.command
              FROM unnest(read_commands, read_streams, read_versions) r(command, stream, version)
             WHERE r.version <> coalesce((
                   SELECT e.originator_version
                     FROM ledger_events e
                    WHERE e.originator_id = r.stream AND e.originator_version >= r.version
                    ORDER BY e.originator_version DESC
                    LIMIT 1), 0)
        );
    END IF;

    LOOP
        BEGIN
            INSERT INTO ledger_events (
                notification_id, recorded_at, originator_id, originator_version, topic, state,
                command_id, command_index, body_hash)
            SELECT first_position - 1 + row_number() OVER (ORDER BY u.place), appended_at,
                   u.stream, u.version, u.topic, u.state, u.command, u.index, u.body_hash
              FROM unnest(streams, versions, topics, states, commands, indexes, body_hashes)
                   WITH ORDINALITY u(stream, version, topic, state, command, index, body_hash, place)
             WHERE u.command <> ALL (refused);
            EXIT;
        EXCEPTION WHEN unique_violation THEN
            collided := array(
                SELECT u.command
                  FROM unnest(streams, versions, commands, indexes) u(stream, version, command, index)
                 WHERE u.command <> ALL (refused)
                   AND (EXISTS (SELECT FROM ledger_events e
                                 WHERE e.originator_id = u.stream
                                   AND e.originator_version = u.version OFFSET 0)
                     OR EXISTS (SELECT FROM ledger_events e
                                 WHERE e.command_id = u.command
                                   AND e.command_index = u.index OFFSET 0))
                 GROUP BY u.command
            );
            IF cardinality(collided) = 0 THEN
                RAISE;  -- with each other, which the caller was to keep apart
            END IF;
            refused := refused || collided;
        END;
    END LOOP;

    -- A hole in a stream could never be closed, and would look like a deletion.
    IF EXISTS (
        SELECT FROM unnest(streams, versions, commands) u(stream, version, command)
         WHERE u.version > 1
           AND NOT EXISTS (SELECT FROM ledger_events e
                            WHERE e.originator_id = u.stream
                              AND e.originator_version = u.version - 1 OFFSET 0)
           AND u.command <> ALL (refused)
    ) THEN
        RAISE 'an event would not follow the last one of its stream'
              USING ERRCODE = 'integrity_constraint_violation';
    END IF;

    -- That a command has happened outweighs whatever else keeps it from happening again.
    IF cardinality(refused) > 0 THEN
        reasons := array(
            SELECT CASE
                   WHEN EXISTS (SELECT FROM ledger_events e
                                 WHERE e.command_id = r.command AND e.command_index = 0)
                   THEN 'command'
                   WHEN EXISTS (SELECT FROM unnest(streams, versions, commands) u(stream, version, command)
                                  JOIN ledger_events e ON e.originator_id = u.stream
                                                      AND e.originator_version = u.version
                                 WHERE u.command = r.command)
                   THEN 'version'
                   ELSE 'read' END
              FROM unnest(refused) WITH ORDINALITY r(command, place)
             ORDER BY r.place
        );
    END IF;
END
$$;

-- What no grant stops (an owner, a superuser, a replica's apply process) meets a trigger; what
-- removes the trigger is found by whoever verifies the log.
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE '% on %: the log is append-only', TG_OP, TG_TABLE_NAME
          USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_events
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_lock
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE ledger_events ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE ledger_lock ENABLE ALWAYS TRIGGER append_only;

REVOKE ALL ON FUNCTION
    ledger_append(uuid[], bigint[], text[], bytea[], uuid[], integer[], bytea[], uuid[], uuid[], bigint[])
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    ledger_append(uuid[], bigint[], text[], bytea[], uuid[], integer[], bytea[], uuid[], uuid[], bigint[])
    TO :"append_role";
GRANT SELECT ON ledger_events, ledger_revision TO :"append_role", :"project_role", :"read_role";
