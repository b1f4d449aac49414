-- Words that speak of somebody's home, or that hold the name of somebody who lives in the house.
CREATE OR REPLACE FUNCTION mark_personal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.personal := NEW.words ~ '(家$|家[里前后旁门东西南北隔对]|大爷|大妈|大娘|奶奶|爷爷|叔|婶|阿姨|先生|女士)'
        OR EXISTS (SELECT FROM household f JOIN resident r ON r.household_id = f.id
                   WHERE f.house_id = NEW.house_id AND position(r.name IN NEW.words) > 0);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION mark_personal() IS
    'runs as the owner: who adds an alias need not be allowed to read who lives there';
CREATE TRIGGER mark_personal BEFORE INSERT OR UPDATE ON alias
FOR EACH ROW EXECUTE FUNCTION mark_personal();
