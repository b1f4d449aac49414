-- Whether somebody is registered in a house of whom a page did not tell that was read at `seen`: a household that came, or
-- a resident of one that was there. A row that was changed only was there before.
CREATE OR REPLACE FUNCTION moved_in_since(of_house bigint, seen pg_snapshot) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM household f WHERE f.house_id = of_house AND NOT pg_visible_in_snapshot(xact_of(f.xmin), seen)
          AND row_when_seen('household', f.id, seen, NULL) ->> 'house_id' IS DISTINCT FROM f.house_id::text)
    OR EXISTS (
        SELECT FROM household f JOIN resident r ON r.household_id = f.id
        WHERE f.house_id = of_house AND NOT pg_visible_in_snapshot(xact_of(r.xmin), seen)
          AND row_when_seen('resident', r.id, seen, NULL) ->> 'household_id' IS DISTINCT FROM r.household_id::text)
$$;
COMMENT ON FUNCTION moved_in_since(bigint, pg_snapshot) IS
    'runs as the owner: only enter_register asks';
REVOKE EXECUTE ON FUNCTION moved_in_since(bigint, pg_snapshot) FROM PUBLIC;
