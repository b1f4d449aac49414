-- Codes of the townships into which whoever acts may load files.
CREATE OR REPLACE FUNCTION towns_to_load() RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT code FROM area WHERE id = ANY (my_townships('load')));
END $$;
