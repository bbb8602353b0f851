-- Who of those who agreed to be found holds something on a day.

-- name: versions
SELECT credential_id, credential_version
  FROM catalog_versions
 WHERE credential_id = %(credential_id)s
    OR EXISTS (SELECT FROM jsonb_array_elements_text(definition->'competencies') one
                WHERE lower(one) = lower(%(competency)s));

-- name: awards
SELECT l.person_id, l.enrollment_id, l.credential_id, l.credential_version, v.title, l.issuer_id,
       i.name AS issuer_name, l.awarded_on, l.expires_on
  FROM transcript_lines l
  JOIN unnest(%(credential_ids)s::uuid[], %(versions)s::int[])
       AS w (credential_id, credential_version) USING (credential_id, credential_version)
  LEFT JOIN catalog_versions v USING (credential_id, credential_version)
  LEFT JOIN catalog_issuers i ON i.issuer_id = l.issuer_id
 WHERE l.person_id = ANY(%(person_ids)s)
   AND l.awarded_on <= %(day)s
   AND %(day)s < coalesce(l.expires_on, 'infinity')
   AND %(day)s < coalesce(l.revoked_on, 'infinity')
 ORDER BY l.person_id, l.enrolled_position;

-- name: streams_of_awards
SELECT enrollment_id
  FROM transcript_lines
 WHERE person_id = ANY(%(person_ids)s) AND credential_id = ANY(%(credential_ids)s);

-- name: streams_of_stack
SELECT enrollment_id FROM stack_awards WHERE person_id = ANY(%(person_ids)s)
 UNION SELECT %(stack_id)s::uuid;

-- name: streams_of_consents
SELECT consent_id
  FROM consents
 WHERE district_id = ANY(%(district_ids)s) AND person_id = ANY(%(person_ids)s);
