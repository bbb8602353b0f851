-- Which streams of the log hold what is asked for; the views know them, whatever they said when.

-- name: look_there_first
SELECT set_config('search_path', 'pg_temp,' || current_setting('search_path'), true);

-- name: stacks_of_person
SELECT enrollment_id FROM stack_awards WHERE person_id = %(person_id)s
 UNION SELECT stack_id FROM stack_definitions;

-- name: holders_of_stack
SELECT a.enrollment_id
  FROM stack_awards a
 WHERE a.credential_id IN (SELECT unnest(d.credential_ids)
                             FROM stack_definitions d
                            WHERE d.stack_id = %(stack_id)s)
 UNION SELECT %(stack_id)s::uuid;

-- name: employments_of_person
SELECT employment_id FROM employments WHERE person_id = %(person_id)s;

-- name: employments_of_district
SELECT employment_id FROM employments WHERE district_id = %(district_id)s;

-- name: organizations
SELECT organization_id FROM organizations;

-- name: catalog
SELECT credential_id FROM catalog_credentials
 UNION SELECT issuer_id FROM catalog_issuers
 UNION SELECT stack_id FROM catalog_stacks;

-- name: queue_of_issuer
-- What no clock runs for and nobody has touched since was not waiting then either.
SELECT enrollment_id
  FROM reviews
 WHERE issuer_id = %(issuer_id)s AND (due_on IS NOT NULL OR position > %(until)s)
 UNION SELECT %(issuer_id)s::uuid;

-- name: review
SELECT enrollment_id FROM reviews WHERE enrollment_id = %(enrollment_id)s
 UNION SELECT issuer_id FROM reviews WHERE enrollment_id = %(enrollment_id)s;
