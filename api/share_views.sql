-- name: views
SELECT thing_id,
       count(*) FILTER (WHERE record = 'share'),
       max(read_at) FILTER (WHERE record = 'share'),
       count(*) FILTER (WHERE record = 'expired-share')
  FROM disclosures
 WHERE person_id = ANY(%(person_ids)s) AND record IN ('share', 'expired-share')
 GROUP BY thing_id;
