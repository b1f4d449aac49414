-- Whether somebody is to hear of what happened at a moment. Of a load nobody hears what its rows say, and what is
-- older than three days (a weekend) is none: a year that is played again would ring in every office.
CREATE OR REPLACE FUNCTION is_news(moment timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT moment > now() - interval '3 days' AND coalesce(current_setting('gisgrid.run', true), '') = ''
$$;
