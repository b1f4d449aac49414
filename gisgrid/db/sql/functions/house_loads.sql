-- What of a house's work stands in the register on a day, by house and without a name.
CREATE OR REPLACE FUNCTION house_loads(asked bigint, until date)
RETURNS TABLE (
    house_id bigint, households bigint, residents bigint, last_visit date, living_alone bigint,
    disabled bigint, child_alone bigint, chronic_illness bigint, low_income bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20000 SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF NOT (owns_the_store() OR asked = ANY (my_townships('plan') || my_townships('review'))) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    RETURN QUERY
    WITH lives AS (
        SELECT f.house_id, max(f.verified_on) FILTER (WHERE f.verified_on <= until) AS verified_on,
               count(*) AS households
        FROM household f WHERE f.township_id = asked GROUP BY f.house_id
    ), people AS (
        SELECT f.house_id, count(*) AS residents,
               count(*) FILTER (WHERE 'living_alone' = ANY (r.needs)) AS living_alone,
               count(*) FILTER (WHERE 'disabled' = ANY (r.needs)) AS disabled,
               count(*) FILTER (WHERE 'child_alone' = ANY (r.needs)) AS child_alone,
               count(*) FILTER (WHERE 'chronic_illness' = ANY (r.needs)) AS chronic_illness,
               count(*) FILTER (WHERE 'low_income' = ANY (r.needs)) AS low_income
        FROM household f JOIN resident r ON r.household_id = f.id WHERE f.township_id = asked
        GROUP BY f.house_id
    ), seen AS (
        SELECT v.house_id, max(v.visited_on) AS visited_on
        FROM visit v WHERE v.township_id = asked AND v.visited_on <= until GROUP BY v.house_id
    )
    SELECT house_id, coalesce(lives.households, 0), coalesce(people.residents, 0),
           greatest(seen.visited_on, lives.verified_on), coalesce(people.living_alone, 0),
           coalesce(people.disabled, 0), coalesce(people.child_alone, 0),
           coalesce(people.chronic_illness, 0), coalesce(people.low_income, 0)
    FROM lives LEFT JOIN people USING (house_id) FULL JOIN seen USING (house_id);
END $$;
COMMENT ON FUNCTION house_loads(bigint, date) IS
    'runs as the owner: it counts people for whoever plans, who may see none of them';
REVOKE EXECUTE ON FUNCTION house_loads(bigint, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION house_loads(bigint, date) TO gisgrid_planner;
