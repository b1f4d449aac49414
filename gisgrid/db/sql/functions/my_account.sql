-- Who acts in this transaction, as the web said when it began; null: the public.
CREATE OR REPLACE FUNCTION my_account() RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('gisgrid.account', true), '')::bigint
$$;
