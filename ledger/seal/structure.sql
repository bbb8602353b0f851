-- What guards a schema, from PostgreSQL's own catalogs: one row for each object, under a name that
-- people know it by, with all that matters of it. Names of roles stand between < and >. The search path is the schema alone, so that
-- definitions come without its name, and are the same text on every version of the server.

-- name: only_this_schema
SELECT set_config('search_path', %(schema)s || ', pg_temp', true);

-- name: revision
SELECT version_num FROM ledger_revision;

-- name: objects
WITH relations AS (
    SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relpersistence, c.relrowsecurity,
           c.relforcerowsecurity,
           CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view'
                WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                ELSE 'foreign table' END AS kind
      FROM pg_class c
     WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
), functions AS (
    SELECT p.oid, p.proowner, p.proacl, p.prosrc, p.prosecdef, p.proconfig, p.provolatile,
           p.proleakproof, p.prolang, p.prokind,
           format('%%s(%%s)', p.proname, oidvectortypes(p.proargtypes)) AS name
      FROM pg_proc p
     WHERE p.pronamespace = %(schema)s::regnamespace
), granted AS (
    SELECT r.relname::text AS name, r.relowner AS owner, a.*
      FROM relations r
     CROSS JOIN LATERAL aclexplode(coalesce(
           r.relacl, acldefault(CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", r.relowner))) a
     UNION ALL
    SELECT format('%%s.%%s', r.relname, c.attname), r.relowner, a.*
      FROM relations r
      JOIN pg_attribute c ON c.attrelid = r.oid AND c.attnum > 0 AND NOT c.attisdropped
     CROSS JOIN LATERAL aclexplode(c.attacl) a
     UNION ALL
    SELECT f.name, f.proowner, a.*
      FROM functions f
     CROSS JOIN LATERAL aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
     UNION ALL
    SELECT 'the schema', n.nspowner, a.*
      FROM pg_namespace n
     CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
     WHERE n.oid = %(schema)s::regnamespace
)
SELECT 'the schema' AS name,
       jsonb_build_object('owner', format('<%%s>', pg_get_userbyid(n.nspowner))) AS described
  FROM pg_namespace n
 WHERE n.oid = %(schema)s::regnamespace
 UNION ALL
SELECT format('%%s %%s', r.kind, r.relname),
       jsonb_build_object(
           'owner', format('<%%s>', pg_get_userbyid(r.relowner)),
           'kept', CASE r.relpersistence WHEN 'p' THEN 'logged' ELSE 'unlogged' END,
           'row-level security', CASE WHEN r.relforcerowsecurity AND r.relrowsecurity THEN 'forced'
                                      WHEN r.relrowsecurity THEN 'on' ELSE 'off' END,
           'definition', CASE WHEN r.relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid, true) END,
           'parents', (SELECT array_agg(i.inhparent::regclass::text ORDER BY 1)
                         FROM pg_inherits i WHERE i.inhrelid = r.oid),
           'children', (SELECT array_agg(i.inhrelid::regclass::text ORDER BY 1)
                          FROM pg_inherits i WHERE i.inhparent = r.oid))
  FROM relations r
 UNION ALL
SELECT format('column %%s of %%s', c.attname, r.relname),
       jsonb_build_object(
           'type', format_type(c.atttypid, c.atttypmod),
           'not null', c.attnotnull,
           'default', pg_get_expr(d.adbin, d.adrelid, true),
           'generated', c.attgenerated,
           'identity', c.attidentity)
  FROM relations r
  JOIN pg_attribute c ON c.attrelid = r.oid AND c.attnum > 0 AND NOT c.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.attrelid AND d.adnum = c.attnum
 WHERE r.relkind <> 'S'
 UNION ALL
SELECT format('constraint %%s of %%s', k.conname, r.relname),
       jsonb_build_object('definition', pg_get_constraintdef(k.oid, true), 'valid', k.convalidated)
  FROM relations r
  JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype <> 'n'  -- columns say whether not null
 UNION ALL
SELECT format('index %%s of %%s', i.indexrelid::regclass, r.relname),
       jsonb_build_object('definition', pg_get_indexdef(i.indexrelid, 0, true),
                          'valid', i.indisvalid AND i.indisready AND i.indislive)
  FROM relations r JOIN pg_index i ON i.indrelid = r.oid
 UNION ALL
SELECT format('trigger %%s of %%s', t.tgname, r.relname),
       jsonb_build_object('definition', pg_get_triggerdef(t.oid, true),
                          'fires', CASE t.tgenabled WHEN 'A' THEN 'always' WHEN 'D' THEN 'never'
                                   WHEN 'R' THEN 'on replicas' ELSE 'unless a replica' END)
  FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
 UNION ALL
SELECT format('rule %%s of %%s', w.rulename, r.relname),
       jsonb_build_object('definition', pg_get_ruledef(w.oid, true), 'enabled', w.ev_enabled)
  FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'
 UNION ALL
SELECT format('policy %%s of %%s', p.polname, r.relname),
       jsonb_build_object(
           'for', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                  WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
           'permissive', p.polpermissive,
           'roles', (SELECT array_agg(CASE role WHEN 0 THEN 'PUBLIC'
                                      ELSE format('<%%s>', pg_get_userbyid(role)) END ORDER BY 1)
                       FROM unnest(p.polroles) role),
           'using', pg_get_expr(p.polqual, p.polrelid, true),
           'check', pg_get_expr(p.polwithcheck, p.polrelid, true))
  FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
 UNION ALL
SELECT format('function %%s', f.name),
       jsonb_build_object(
           'owner', format('<%%s>', pg_get_userbyid(f.proowner)),
           'language', (SELECT lanname FROM pg_language WHERE oid = f.prolang),
           'returns', pg_get_function_result(f.oid),
           'runs as', CASE WHEN f.prosecdef THEN 'its owner' ELSE 'its caller' END,
           'settings', to_jsonb(f.proconfig),
           'volatility', f.provolatile,
           'leakproof', f.proleakproof,
           'kind', f.prokind,
           'source', f.prosrc)
  FROM functions f
 UNION ALL
SELECT format('event trigger %%s', e.evtname),
       jsonb_build_object('function', f.name, 'on', e.evtevent, 'fires', e.evtenabled)
  FROM pg_event_trigger e JOIN functions f ON f.oid = e.evtfoid
 UNION ALL
SELECT format('grant of %%s on %%s to %%s', g.privilege_type, g.name,
              CASE g.grantee WHEN 0 THEN 'PUBLIC'
              ELSE format('<%%s>', pg_get_userbyid(g.grantee)) END),
       jsonb_build_object('can be passed on', g.is_grantable)
  FROM granted g
 WHERE g.grantee <> g.owner
 UNION ALL
SELECT format('role <%%s>', r.rolname),
       jsonb_build_object('superuser', r.rolsuper, 'bypasses row-level security', r.rolbypassrls,
                          'may create roles', r.rolcreaterole, 'may replicate', r.rolreplication,
                          'may log in', r.rolcanlogin)
  FROM pg_roles r
 WHERE r.rolname = ANY(%(roles)s)
 UNION ALL
-- Who among ours may act as whom. Whoever logs in is a member of what it needs, which is not ours.
SELECT format('role <%%s> as <%%s>', m.rolname, r.rolname),
       jsonb_build_object('can be passed on', bool_or(a.admin_option))
  FROM pg_auth_members a
  JOIN pg_roles m ON m.oid = a.member
  JOIN pg_roles r ON r.oid = a.roleid
 WHERE m.rolname = ANY(%(roles)s) AND r.rolname = ANY(%(roles)s)
 GROUP BY m.rolname, r.rolname
 UNION ALL
-- What everybody who connects would begin with, where that could open a wall or pass a trigger.
SELECT format('setting %%s of %%s', split_part(setting, '=', 1),
              coalesce(format('role <%%s>', o.rolname), 'the database')),
       jsonb_build_object('value', substr(setting, strpos(setting, '=') + 1))
  FROM pg_db_role_setting s
  LEFT JOIN pg_roles o ON o.oid = s.setrole
 CROSS JOIN unnest(s.setconfig) setting
 WHERE (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database
                                               WHERE datname = current_database()))
   AND (o.rolname IS NULL OR o.rolname = ANY(%(roles)s))
   AND (split_part(setting, '=', 1) IN ('row_security', 'session_replication_role')
        OR starts_with(setting, 'mcledger.'))
 UNION ALL
-- What would be granted on whatever is made here later.
SELECT format('default grant of %%s on %%s of <%%s> to %%s', a.privilege_type,
              CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
                   WHEN 'f' THEN 'functions' ELSE 'others' END, pg_get_userbyid(d.defaclrole),
              CASE a.grantee WHEN 0 THEN 'PUBLIC'
              ELSE format('<%%s>', pg_get_userbyid(a.grantee)) END),
       jsonb_build_object('can be passed on', bool_or(a.is_grantable))
  FROM pg_default_acl d
 CROSS JOIN LATERAL aclexplode(d.defaclacl) a
 WHERE d.defaclnamespace = %(schema)s::regnamespace
 GROUP BY a.privilege_type, d.defaclobjtype, d.defaclrole, a.grantee;
