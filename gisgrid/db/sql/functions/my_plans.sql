-- Plans that whoever acts may draw or review.
CREATE OR REPLACE FUNCTION my_plans() RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    townships bigint[] := my_townships('plan') || my_townships('review');
BEGIN
    RETURN ARRAY(SELECT id FROM plan WHERE township_id = ANY (townships));
END $$;
