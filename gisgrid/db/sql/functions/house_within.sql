-- Whether a right is held over a house: in its township, over its grid in the plan in force or,
-- where it lies in no grid, over its community.
CREATE OR REPLACE FUNCTION house_within(wanted text, house bigint, township bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    here house_grid;
BEGIN
    IF township = ANY (my_townships(wanted)) THEN
        RETURN true;
    END IF;
    SELECT a.* INTO here FROM house_grid a
    WHERE a.house_id = house AND a.plan_id = ANY (plans_in_force());
    IF here.grid_id IS NULL THEN
        RETURN EXISTS (SELECT FROM house h
                       WHERE h.id = house AND h.community_id = ANY (my_communities(wanted)));
    END IF;
    RETURN coalesce(here.grid_id = ANY (my_grids(wanted))
                    OR here.exclusive_grid_id = ANY (my_grids(wanted)), false);
END $$;
