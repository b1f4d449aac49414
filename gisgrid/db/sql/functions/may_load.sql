-- Whether whoever acts may load a kind of file into a township, by its code. Areas come before any
-- township and may change each of them; offices get accounts and posts.
CREATE OR REPLACE FUNCTION may_load(wanted text, town text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    IF wanted = 'areas' OR town IS NULL THEN
        RETURN has_right('load') AND holds_everywhere('load');
    END IF;
    RETURN town = ANY (towns_to_load()) AND (wanted <> 'offices' OR EXISTS (
        SELECT FROM area WHERE code = town AND id = ANY (my_townships('administer'))));
END $$;
