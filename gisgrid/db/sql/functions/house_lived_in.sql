-- What stands at a house that is to go, be split or be joined: its address, and who lives there. An entry keeps it, so
-- that nobody who moved in since leaves the register with the house.
CREATE OR REPLACE FUNCTION house_lived_in(of_house bigint) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT jsonb_build_object(
        'address', h.address,
        'households', (SELECT count(*) FROM household f WHERE f.house_id = h.id),
        'people', (SELECT count(*) FROM resident r JOIN household f ON f.id = r.household_id WHERE f.house_id = h.id),
        'household_ids', (SELECT coalesce(jsonb_agg(f.id), '[]') FROM household f WHERE f.house_id = h.id),
        'resident_ids', (SELECT coalesce(jsonb_agg(r.id), '[]') FROM resident r JOIN household f ON f.id = r.household_id
                         WHERE f.house_id = h.id))
    FROM house h WHERE h.id = of_house
$$;
COMMENT ON FUNCTION house_lived_in(bigint) IS
    'runs as the owner: only the functions of the register ask';
REVOKE EXECUTE ON FUNCTION house_lived_in(bigint) FROM PUBLIC;
