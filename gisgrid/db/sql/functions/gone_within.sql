-- Whether a right is held over the ground on which a house stood that is no longer there: over its township, the grid that
-- its last place lies in today or, where it had none, its community; or whoever asks entered something there.
CREATE OR REPLACE FUNCTION gone_within(wanted text, house bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM house_change c
        LEFT JOIN LATERAL (
            SELECT (h.old ->> 'geom_ewkb')::geometry AS geom FROM history h
            WHERE h.table_name = 'house' AND h.row_id = c.house_id AND h.action = 'delete' ORDER BY h.id DESC LIMIT 1) o ON true
        WHERE c.house_id = gone_within.house AND c.change IN ('gone', 'joined') AND (
            c.township_id = ANY (my_townships(wanted))
            OR CASE WHEN o.geom IS NULL THEN c.community_id = ANY (my_communities(wanted))
                    ELSE spot_within(wanted, c.township_id, ST_X(o.geom), ST_Y(o.geom)) END))
    OR EXISTS (SELECT FROM register_entry e WHERE e.gone_house_id = gone_within.house AND e.account_id = my_account())
$$;
COMMENT ON FUNCTION gone_within(text, bigint) IS
    'runs as the owner: where a house stood that is gone is told by its former state alone';
REVOKE EXECUTE ON FUNCTION gone_within(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gone_within(text, bigint) TO gisgrid_web;
