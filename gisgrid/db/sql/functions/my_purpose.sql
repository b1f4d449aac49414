-- What personal data are opened for in this transaction, a name of `purpose`; null: none was said.
CREATE OR REPLACE FUNCTION my_purpose() RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('gisgrid.purpose', true), '')
$$;
