-- Refuses that the days to come of a post, which is not there any more, are without an administrator.
CREATE OR REPLACE FUNCTION refuse_no_administrator(post appointment) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF post.grid_code IS NOT NULL
        OR NOT EXISTS (SELECT FROM role_right r WHERE r.role = post.role AND r.right_name = 'administer')
    THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('keep_administrator'));
    IF NOT administrators_on(post.area_id) @> (post.during * daterange(today_in(post.area_id), NULL)) THEN
        RAISE 'nobody would administer any more' USING ERRCODE = 'GG020';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION refuse_no_administrator(appointment) FROM PUBLIC;
