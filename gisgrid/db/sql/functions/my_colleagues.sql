-- Staff who are today in the team of a grid where whoever acts may see contacts. Asked once a
-- statement: for each person of the staff anew it takes a large township minutes.
CREATE OR REPLACE FUNCTION my_colleagues() RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    mine bigint[] := my_grids('see_contacts');
BEGIN
    IF cardinality(mine) = 0 THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        WITH town AS MATERIALIZED (SELECT area_id, today_in(area_id) AS day FROM township)
        SELECT DISTINCT m.staff_id
        FROM grid g JOIN plan p ON p.id = g.plan_id
        JOIN town t ON t.area_id = p.township_id
        JOIN team_member m ON m.township_id = p.township_id AND m.grid_code = g.code
        WHERE g.id = ANY (mine) AND m.during @> t.day);
END $$;
