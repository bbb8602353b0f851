-- What sealing and verifying ask of the database.

-- name: try_turn
-- One seals at a time; the turn ends with the transaction.
SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema() || '.seal', 0));

-- name: take_turn
-- Nobody seals while keys are exchanged.
SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.seal', 0));

-- name: last_position
SELECT coalesce(max(notification_id), 0) FROM ledger_events;

-- name: extent
-- Where the leaves end; but a tile far away from all others is nonsense, and is not waited for.
SELECT log.last_position, least(tree.last_leaf, greatest(log.last_position, tree.leaves, size)), size
  FROM (SELECT coalesce(max(notification_id), 0) AS last_position FROM ledger_events) log,
       (SELECT coalesce(max(number * 256 + start + octet_length(hashes) / 32), 0) AS last_leaf,
               coalesce(sum(octet_length(hashes)) / 32, 0) AS leaves
          FROM seal_tiles WHERE level = 0) tree,
       (SELECT coalesce(max(size), 0) AS size FROM seal_checkpoints) sealed;

-- name: extent_of_seal
-- The same of the seal alone, where the end of the log cannot be read.
SELECT (SELECT coalesce(sum(octet_length(hashes)) / 32, 0) FROM seal_tiles WHERE level = 0),
       (SELECT coalesce(max(size), 0) FROM seal_checkpoints);

-- name: rows
SELECT notification_id, recorded_at, command_id, originator_id, originator_version, topic, state
  FROM ledger_events
 WHERE notification_id BETWEEN %(first)s AND %(last)s
 ORDER BY notification_id;

-- name: by_index
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true);

-- name: rows_at
SELECT notification_id, recorded_at, command_id, originator_id, originator_version, topic, state
  FROM ledger_events
 WHERE notification_id = ANY(%(positions)s)
 ORDER BY notification_id;

-- name: next_position
SELECT min(notification_id) FROM ledger_events WHERE notification_id > %(after)s;

-- name: tiles
SELECT number, start, hashes
  FROM seal_tiles
 WHERE level = %(level)s AND number BETWEEN %(first)s AND %(last)s
 ORDER BY number, start;

-- name: last_checkpoint
SELECT size, note FROM seal_checkpoints ORDER BY size DESC LIMIT 1;

-- name: checkpoints
-- With the signatures of witnesses below those of the log.
SELECT size, note || coalesce((SELECT string_agg(line, '' ORDER BY witness COLLATE "C")
                                 FROM seal_cosignatures cosigned
                                WHERE cosigned.size = sealed.size), '')
  FROM seal_checkpoints sealed
 WHERE size > %(after)s
 ORDER BY size
 LIMIT %(limit)s;

-- name: checkpoints_newest_first
SELECT size, note || coalesce((SELECT string_agg(line, '' ORDER BY witness COLLATE "C")
                                 FROM seal_cosignatures cosigned
                                WHERE cosigned.size = sealed.size), '')
  FROM seal_checkpoints sealed
 WHERE size < %(before)s
 ORDER BY size DESC
 LIMIT %(limit)s;

-- name: cosigned_checkpoint
-- Of those that cover a position, the one that most witnesses have signed, and of these the newest.
SELECT size FROM (SELECT size, witness FROM seal_cosignatures WHERE size >= %(position)s
                   ORDER BY size DESC LIMIT %(limit)s) AS lately
 GROUP BY size ORDER BY count(*) DESC, size DESC LIMIT 1;

-- name: cosigners
SELECT witness FROM seal_cosignatures WHERE size = %(size)s;

-- name: add_cosignature
INSERT INTO seal_cosignatures (size, witness, line) VALUES (%(size)s, %(witness)s, %(line)s)
ON CONFLICT DO NOTHING;

-- name: add_tiles
INSERT INTO seal_tiles (level, number, start, hashes)
SELECT * FROM unnest(%(levels)s::smallint[], %(numbers)s::bigint[], %(starts)s::smallint[],
                     %(hashes)b::bytea[]);

-- name: add_checkpoint
INSERT INTO seal_checkpoints (size, note) VALUES (%(size)s, %(note)s);

-- name: add_tile
INSERT INTO seal_tiles (level, number, start, hashes)
VALUES (%(level)s, %(number)s, %(start)s, %(hashes)s);

-- name: unsealed_columns
SELECT notification_id, command_index, body_hash
  FROM ledger_events
 WHERE notification_id BETWEEN %(first)s AND %(last)s;

-- name: lock_log
-- As every append does: none comes between.
SELECT FROM ledger_lock FOR UPDATE;

-- name: holds_anything
SELECT EXISTS (SELECT FROM ledger_events) OR EXISTS (SELECT FROM seal_tiles)
    OR EXISTS (SELECT FROM seal_checkpoints);

-- name: number_disclosures_on
-- Lines of reads stay where the log comes from. Those written here are numbered behind them, or
-- the log would be thought to know them already.
SELECT setval(pg_get_serial_sequence('disclosures', 'line_id'), last_line)
  FROM (SELECT max((convert_from(state, 'UTF8')::json->>'last_line')::bigint) AS last_line
          FROM ledger_events
         WHERE topic = %(topic)s) AS known
 WHERE last_line > 0;
