-- Row security of the derived tables: a wall behind the code. Whoever reads says in a setting of
-- the transaction whose rows she may see: persons, districts and issuers by their ids, which are
-- random and never equal; the id of zeros stands for all. Functions look tables up when they run,
-- for a policy that named them would keep a rebuild from replacing them.

-- name: functions
-- Whoever says nothing is told so: an empty answer could be taken for the truth.
CREATE OR REPLACE FUNCTION {live}.scope() RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF coalesce(current_setting('mcledger.scope', true), '') = '' THEN
        RAISE 'whose rows are to be seen was not said'
              USING ERRCODE = 'insufficient_privilege', HINT = 'set mcledger.scope';
    END IF;
    RETURN current_setting('mcledger.scope');
END $$;

CREATE OR REPLACE FUNCTION {live}.scope_employs(person uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM {live}.employments e
                    WHERE e.person_id = person AND e.district_id = ANY ({live}.scope()));
END $$;

CREATE OR REPLACE FUNCTION {live}.scope_assesses(person uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM {live}.transcript_lines l
                    WHERE l.person_id = person AND l.issuer_id = ANY ({live}.scope()));
END $$;

CREATE OR REPLACE FUNCTION {live}.scope_defines(stack uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM {live}.stack_definitions d
                    WHERE d.stack_id = stack AND d.issuer_id = ANY ({live}.scope()));
END $$;

CREATE OR REPLACE FUNCTION {live}.scope_counts(credential uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM {live}.stack_definitions d
                    WHERE d.credential_ids @> ARRAY[credential]
                      AND d.issuer_id = ANY ({live}.scope()));
END $$;

-- An index on an array cannot be used behind row security, so these look for the ids alone.
CREATE OR REPLACE FUNCTION {live}.assigned_to(assessor uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = {live}, pg_temp AS $$
BEGIN
    RETURN array(SELECT enrollment_id FROM {live}.reviews
                  WHERE open_assessors @> ARRAY[assessor] AND open_assessors <> '{{}}');
END $$;

CREATE OR REPLACE FUNCTION {live}.licenses_of(district uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = {live}, pg_temp AS $$
BEGIN
    RETURN array(SELECT license_id FROM {live}.renewal_licenses
                  WHERE district_ids @> ARRAY[district]);
END $$;

COMMENT ON FUNCTION {live}.scope() IS {digest};

-- name: functions_digest
SELECT obj_description(to_regprocedure(format('%%I.scope()', %(schema)s::text)), 'pg_proc');

-- name: everybody
true

-- name: person
person_id = ANY ((SELECT {live}.scope())::uuid[])

-- name: district
district_id = ANY ((SELECT {live}.scope())::uuid[])

-- name: issuer
issuer_id = ANY ((SELECT {live}.scope())::uuid[])

-- name: districts
district_ids && (SELECT {live}.scope())

-- name: assessor
open_assessors && (SELECT {live}.scope())

-- name: everything
'00000000-0000-0000-0000-000000000000' = ANY ((SELECT {live}.scope())::uuid[])

-- name: employer
{live}.scope_employs(person_id)

-- name: issuer_of_person
{live}.scope_assesses(person_id)

-- name: issuer_of_stack
{live}.scope_defines(stack_id)

-- name: issuer_of_stack_award
{live}.scope_counts(credential_id)

-- name: wall
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS seen ON {table};
CREATE POLICY seen ON {table} FOR SELECT TO {read} USING ({condition});
COMMENT ON POLICY seen ON {table} IS {digest};

-- name: gaps
-- Whoever may read although row security or the roles no longer stand in the way, and whatever
-- runs where rows are written: no projection has a trigger or a rule.
SELECT format('table %%s.%%s %%s', n.nspname, c.relname, flaw)
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL unnest(ARRAY[
       CASE WHEN NOT c.relrowsecurity THEN 'has no row security' END,
       CASE WHEN c.relforcerowsecurity THEN 'hides its rows from the projector' END,
       CASE WHEN NOT EXISTS (SELECT FROM pg_policy p
                              WHERE p.polrelid = c.oid AND p.polname = 'seen')
            THEN 'has no policy' END,
       CASE WHEN EXISTS (SELECT FROM pg_policy p
                          WHERE p.polrelid = c.oid AND p.polname <> 'seen')
            THEN 'has a policy that the projections did not make' END,
       CASE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
              OR EXISTS (SELECT FROM pg_rewrite w
                          WHERE w.ev_class = c.oid AND w.rulename <> '_RETURN')
            THEN 'has a trigger or a rule that the projections did not make' END,
       CASE WHEN c.relowner <> %(project)s::text::regrole THEN 'does not belong to the projector' END,
       CASE WHEN EXISTS (SELECT FROM aclexplode(c.relacl) a
                          WHERE a.grantee <> c.relowner
                            AND (a.grantee <> %(read)s::text::regrole OR a.privilege_type <> 'SELECT'))
              OR EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attacl IS NOT NULL)
            THEN 'is open to others than its reader' END]) flaw
 WHERE n.nspname = %(schema)s AND c.relkind IN ('r', 'p', 'v', 'm') AND flaw IS NOT NULL
 UNION ALL
SELECT format('role %%s may log in, or passes row security', rolname)
  FROM pg_roles
 WHERE rolname = ANY(%(roles)s) AND (rolcanlogin OR rolsuper OR rolbypassrls)
 UNION ALL
SELECT format('role %%s may act as %%s', r.rolname, other)
  FROM pg_roles r, unnest(%(roles)s::text[]) other
 WHERE r.rolname = ANY(%(roles)s) AND r.rolname <> other AND r.rolname <> %(migrate)s::text
   AND pg_has_role(r.oid, other::regrole, 'MEMBER')
 UNION ALL
SELECT format('this connection runs as %%s', current_user) WHERE current_user <> %(asking)s::text
 ORDER BY 1;

-- name: policies
SELECT c.relname, p.polcmd::text, p.polpermissive,
       array(SELECT coalesce(r.rolname, 'public')::text
               FROM unnest(p.polroles) o LEFT JOIN pg_roles r ON r.oid = o),
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'seen'
 WHERE n.nspname = %(schema)s AND c.relkind IN ('r', 'p')
 ORDER BY c.relname;

-- name: functions_found
SELECT p.proname::text, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid),
       p.prosrc, l.lanname::text, p.provolatile::text, p.prosecdef,
       CASE WHEN p.proconfig IS NULL THEN 'none'
            WHEN p.proconfig = ARRAY['search_path=' || quote_ident(n.nspname) || ', pg_temp']
            THEN 'own' ELSE 'other' END,
       pg_get_userbyid(p.proowner)::text
  FROM pg_proc p
  JOIN pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
 WHERE n.nspname = %(schema)s;

-- name: search_path
SELECT current_setting('search_path');

-- name: sample
-- Every column that a condition names.
CREATE TEMPORARY TABLE wall_sample (
    person_id uuid, district_id uuid, issuer_id uuid, stack_id uuid, credential_id uuid,
    district_ids uuid[], open_assessors uuid[]
);

-- name: sample_policy
CREATE POLICY {name} ON pg_temp.wall_sample FOR SELECT USING ({condition});

-- name: sample_conditions
SELECT polname::text, pg_get_expr(polqual, polrelid)
  FROM pg_policy
 WHERE polrelid = 'pg_temp.wall_sample'::regclass;

-- name: wall_digest
SELECT obj_description(p.oid, 'pg_policy')
  FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
 WHERE c.relrowsecurity AND p.polname = 'seen'
   AND c.oid = to_regclass(format('%%I.%%I', %(schema)s::text, %(table)s::text));
