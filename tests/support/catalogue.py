"""What the server's catalogue says about a store: every object, with all that it does and who may use it."""

from __future__ import annotations

from sqlalchemy import Connection, text

Catalogue = dict[str, str]
"""Kind and name of an object → its definition, as the server writes it."""


def catalogue(connection: Connection) -> Catalogue:
    """Every object of the project and of its queue; what an extension brings is left out."""
    found: Catalogue = {}
    for statement in (
        _SCHEMAS,
        _TABLES,
        _COLUMNS,
        _CONSTRAINTS,
        _INDEXES,
        _SEQUENCES,
        _TYPES,
        _FUNCTIONS,
        _TRIGGERS,
        _POLICIES,
        _EXTENSIONS,
    ):
        for kind, name, says in connection.execute(text(_SHORT + statement)):
            key = f"{kind} {name}"
            assert key not in found, key
            found[key] = says
    return found


def differing(one: Catalogue, other: Catalogue) -> dict[str, tuple[str | None, str | None]]:
    """Objects that are not the same in both, with what each says of them; None: it has none."""
    return {
        name: (one.get(name), other.get(name))
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    }


# Rights as sorted text: the order in which they were granted means nothing.
_SHORT = """
WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('public', 'procrastinate')),
brought AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e')
"""

_RIGHTS = """(SELECT coalesce(string_agg(
    format('%s %s%s', CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END,
           a.privilege_type, CASE WHEN a.is_grantable THEN ' on' END), ', '
    ORDER BY CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type), '')
    FROM aclexplode({acl}) AS a)"""

_SCHEMAS = f"""
SELECT 'schema', n.nspname, {_RIGHTS.format(acl="n.nspacl")}
FROM pg_namespace n JOIN ours o ON o.oid = n.oid
"""

_TABLES = f"""
SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END, c.oid::regclass::text,
    concat_ws(E'\\n', 'owner ' || pg_get_userbyid(c.relowner), format('kind %s %s', c.relkind, c.relpersistence),
        'options ' || c.reloptions::text, 'comment ' || obj_description(c.oid, 'pg_class'),
        format('by policy %s, owner too %s', c.relrowsecurity, c.relforcerowsecurity),
        'rights ' || {_RIGHTS.format(acl="coalesce(c.relacl, acldefault('r', c.relowner))")},
        'columns ' || (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a
                       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
        CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END)
FROM pg_class c JOIN ours n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f')
  AND (CAST('pg_class'::regclass AS oid), c.oid) NOT IN (SELECT * FROM brought)
"""

_COLUMNS = f"""
SELECT 'column', c.oid::regclass || '.' || a.attname,
    concat_ws(E'\\n', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
        'collation ' || a.attcollation::regcollation::text, format('storage %s %s', a.attstorage, a.attcompression),
        format('identity %s, generated %s', a.attidentity, a.attgenerated),
        'default ' || pg_get_expr(d.adbin, d.adrelid), 'comment ' || col_description(c.oid, a.attnum),
        'rights ' || nullif({_RIGHTS.format(acl="a.attacl")}, ''))
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN ours n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
  AND (CAST('pg_class'::regclass AS oid), c.oid) NOT IN (SELECT * FROM brought)
"""

_CONSTRAINTS = """
SELECT 'constraint', coalesce(c.conrelid::regclass::text, c.contypid::regtype::text) || '.' || c.conname,
    concat_ws(E'\\n', pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN 'not valid' END)
FROM pg_constraint c JOIN ours n ON n.oid = c.connamespace
WHERE (CAST('pg_class'::regclass AS oid), c.conrelid) NOT IN (SELECT * FROM brought)
  AND c.contype <> 't'
"""

_INDEXES = """
SELECT 'index', c.oid::regclass::text, pg_get_indexdef(c.oid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN ours n ON n.oid = c.relnamespace
WHERE (CAST('pg_class'::regclass AS oid), i.indrelid) NOT IN (SELECT * FROM brought)
"""

_SEQUENCES = f"""
SELECT 'sequence', c.oid::regclass::text,
    concat_ws(E'\\n', 'owner ' || pg_get_userbyid(c.relowner), format_type(s.seqtypid, NULL),
        concat_ws(' ', s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle),
        'rights ' || {_RIGHTS.format(acl="coalesce(c.relacl, acldefault('s', c.relowner))")},
        'of ' || (SELECT pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) FROM pg_depend d
                  WHERE d.classid = CAST('pg_class'::regclass AS oid) AND d.objid = c.oid
                    AND d.deptype IN ('i', 'a')))
FROM pg_class c JOIN ours n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
"""

_TYPES = """
SELECT 'type', t.oid::regtype::text, format('%s %s', t.typtype,
    (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
FROM pg_type t JOIN ours n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd') AND (CAST('pg_type'::regclass AS oid), t.oid) NOT IN (SELECT * FROM brought)
"""

_FUNCTIONS = f"""
SELECT 'function', p.oid::regprocedure::text,
    concat_ws(E'\\n', pg_get_functiondef(p.oid), 'owner ' || pg_get_userbyid(p.proowner),
        'rights ' || {_RIGHTS.format(acl="coalesce(p.proacl, acldefault('f', p.proowner))")},
        'comment ' || obj_description(p.oid, 'pg_proc'))
FROM pg_proc p JOIN ours n ON n.oid = p.pronamespace
WHERE p.prokind <> 'a' AND (CAST('pg_proc'::regclass AS oid), p.oid) NOT IN (SELECT * FROM brought)
"""

_TRIGGERS = """
SELECT 'trigger', t.tgrelid::regclass || '.' || t.tgname,
    concat_ws(E'\\n', pg_get_triggerdef(t.oid), format('enabled %s', t.tgenabled))
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN ours n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal
"""

_POLICIES = """
SELECT 'policy', format('%s.%s', tablename, policyname),
    concat_ws(E'\\n', permissive, cmd, 'to ' || roles::text, 'sees ' || qual, 'writes ' || with_check)
FROM pg_policies WHERE schemaname IN (SELECT nspname FROM ours)
"""

_EXTENSIONS = """
SELECT 'extension', e.extname, n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
"""
