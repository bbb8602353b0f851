-- Which micro-credentials of an issuer are about what, by a framework and its edition, or by any.

-- name: of_issuer
-- Of each the newest version. What nobody has said of this edition stays unmapped: nothing is
-- guessed from another one.
SELECT c.credential_id, v.credential_version, v.title,
       coalesce(said.codes, '{}') AS codes,
       CASE WHEN said.codes IS NULL THEN 'unmapped' ELSE 'mapped' END AS coverage,
       coalesce(said.other_editions, '{}') AS other_editions
  FROM catalog_credentials c
       JOIN LATERAL (SELECT *
                       FROM catalog_versions v
                      WHERE v.credential_id = c.credential_id
                      ORDER BY v.credential_version DESC
                      LIMIT 1) v ON true
       LEFT JOIN LATERAL (
           SELECT array_agg(coalesce(one->>'code', one->>'name') ORDER BY place)
                      FILTER (WHERE one->>'edition' = coalesce(%(edition)s, one->>'edition')) AS codes,
                  array_agg(DISTINCT one->>'edition')
                      FILTER (WHERE one->>'edition' <> %(edition)s) AS other_editions
             FROM catalog_alignments a
            CROSS JOIN jsonb_array_elements(a.alignments) WITH ORDINALITY AS each(one, place)
            WHERE (a.credential_id, a.credential_version)
                = (v.credential_id, v.credential_version)
              AND one->>'framework' = coalesce(%(framework)s, one->>'framework')) said ON true
 WHERE c.issuer_id = %(issuer_id)s AND c.status = 'published'
 ORDER BY v.title, c.credential_id;
