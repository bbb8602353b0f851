-- Who read whose record: written many lines at a time, read a page at a time, the newest first.

-- name: add
INSERT INTO disclosures (read_at, person_id, reader_id, role, organization_id, record, thing_id)
SELECT *
  FROM unnest(
      %(read_ats)s::timestamptz[], %(person_ids)s::uuid[], %(reader_ids)s::uuid[],
      %(roles)s::text[], %(organization_ids)s::uuid[], %(records)s::text[], %(thing_ids)s::uuid[]
  );

-- name: of_person
-- A page of each id by the index, and of those the newest.
SELECT d.*
  FROM unnest(%(keys)s::uuid[]) AS u (key)
 CROSS JOIN LATERAL (
       SELECT line_id, read_at, person_id, reader_id, role, organization_id, record, thing_id
         FROM disclosures
        WHERE person_id = key AND line_id < %(before)s
        ORDER BY line_id DESC
        LIMIT %(limit)s) d
 ORDER BY line_id DESC
 LIMIT %(limit)s;

-- name: of_organization
SELECT line_id, read_at, person_id, reader_id, role, organization_id, record, thing_id
  FROM disclosures
 WHERE organization_id = (%(keys)s::uuid[])[1] AND line_id < %(before)s
 ORDER BY line_id DESC
 LIMIT %(limit)s;

-- name: newest
SELECT coalesce(max(line_id), 0) FROM disclosures;

-- name: writers
-- Who may have drawn a number of a line and not stored it yet: it locks the table before it draws.
SELECT virtualtransaction FROM pg_locks
 WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND relation = 'disclosures'::regclass AND mode = 'RowExclusiveLock' AND granted;

-- name: lines
SELECT line_id, read_at, person_id, reader_id, role, organization_id, record, thing_id
  FROM disclosures
 WHERE line_id > %(after)s AND line_id <= %(until)s
 ORDER BY line_id
 LIMIT %(limit)s;

-- name: count_after
SELECT count(*) FROM disclosures WHERE line_id > %(after)s;

-- name: forget
DELETE FROM disclosures WHERE line_id > %(after)s AND line_id <= %(until)s;
