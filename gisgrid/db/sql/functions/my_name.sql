-- Log-in name of whoever acts; at the terminal that of the store's user.
CREATE OR REPLACE FUNCTION my_name() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT k.name FROM account k WHERE k.id = my_account()), session_user::text)
$$;
COMMENT ON FUNCTION my_name() IS
    'runs as the owner: one''s own name is asked in roles that read no account';
