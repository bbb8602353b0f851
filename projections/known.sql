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

-- name: disputes_of_person
SELECT dispute_id FROM disputes WHERE person_id = %(person_id)s;

-- name: disputes_of_office
SELECT dispute_id
  FROM disputes
 WHERE issuer_id = %(office_id)s OR district_id = %(office_id)s;

-- name: challenges_of_district
SELECT challenge_id FROM challenges WHERE district_id = %(district_id)s;

-- name: awards_with_badges_of_issuer
SELECT enrollment_id
  FROM record_awards
 WHERE issuer_id = %(issuer_id)s
   AND credential_id IN (SELECT credential_id
                           FROM physical_badges
                          WHERE issuer_id = %(issuer_id)s);

-- name: physical_badges_of_issuer
SELECT badge_id FROM physical_badges WHERE issuer_id = %(issuer_id)s;

-- name: awards_with_badges_of_person
SELECT enrollment_id FROM physical_badges WHERE person_id = %(person_id)s;

-- name: physical_badges_of_person
SELECT badge_id FROM physical_badges WHERE person_id = %(person_id)s;

-- name: learning_of_person
SELECT plan_id FROM learning_plans WHERE person_id = %(person_id)s
 UNION SELECT learning_id FROM learning_steps WHERE person_id = %(person_id)s;

-- name: catalog_of_learning
-- Asked once her learning is known as it was: a plan may have named others then.
SELECT unnest(credential_ids) FROM learning_plans WHERE person_id = %(person_id)s
 UNION SELECT credential_id FROM learning_steps WHERE person_id = %(person_id)s;

-- name: received_by_person
SELECT record_id FROM external_records WHERE person_id = %(person_id)s
 UNION SELECT acceptance_id FROM acceptances WHERE person_id = %(person_id)s;

-- name: persons_employed
SELECT DISTINCT person_id FROM payout_employments WHERE district_id = %(district_id)s;

-- name: payouts_of_persons
-- Everything that money of some persons may rest on beside payroll, and some policies.
SELECT enrollment_id FROM payout_awards WHERE person_id = ANY(%(person_ids)s)
 UNION SELECT employment_id FROM payout_employments WHERE person_id = ANY(%(person_ids)s)
 UNION SELECT stream FROM payout_records WHERE person_id = ANY(%(person_ids)s)
 UNION SELECT stack_id FROM payout_stacks
 UNION SELECT credential_id FROM payout_tiers
 UNION SELECT unnest(%(policy_ids)s::uuid[]);

-- name: in_review_of_district
-- What nobody has touched since, and was not waiting then, is not waiting now either.
SELECT r.enrollment_id, r.issuer_id, r.person_id
  FROM reviews r
 WHERE (r.state IN ('in_review', 'recommended', 'held') OR r.position > %(until)s)
   AND EXISTS (SELECT FROM payout_employments e
                WHERE e.person_id = r.person_id AND e.district_id = %(district_id)s);
