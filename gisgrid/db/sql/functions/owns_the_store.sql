-- Whether the connection is the owner's, whom no policy holds.
CREATE OR REPLACE FUNCTION owns_the_store() RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = 'resident'::regclass),
                       'MEMBER')
$$;
