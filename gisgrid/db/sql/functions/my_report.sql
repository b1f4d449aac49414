-- Whoever reports sees what they have just reported, and whoever has a ticket sees its case,
-- whatever else they may see: the transaction names the event, after it was made or its ticket was
-- known.
CREATE OR REPLACE FUNCTION my_report() RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('gisgrid.report', true), '')::bigint
$$;
