-- Who changed which setting of a township, and from what to what.
CREATE OR REPLACE FUNCTION keep_settings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO setting_change (township_id, name, was, became, who)
    SELECT NEW.area_id, coalesce(o.name, n.name), o.value, n.value,
           coalesce((SELECT k.name FROM account k WHERE k.id = my_account()), session_user::text)
    FROM flat_settings(OLD) o FULL JOIN flat_settings(NEW) n ON n.name = o.name
    WHERE o.value IS DISTINCT FROM n.value ORDER BY 2;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_settings() IS
    'runs as the owner: who changes a setting adds to a table that nobody writes';
CREATE TRIGGER keep_settings AFTER UPDATE ON township
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_settings();
