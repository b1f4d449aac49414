-- Write an alias that means a house or a spot, or correct the one of a number; its number. NULL: the words mean another
-- place already, or there is none of that number. By whoever checks the register there, of a correction in both places.
CREATE OR REPLACE FUNCTION keep_alias(town bigint, number bigint, said text, said_key text, said_grams text,
                                      to_house bigint, to_spot geometry) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    was record;
    made bigint;
BEGIN
    IF NOT alias_within('check_register', town, to_house, to_spot) THEN
        RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
    END IF;
    IF to_house IS NOT NULL AND NOT EXISTS (SELECT FROM house h WHERE h.id = to_house AND h.township_id = town) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM alias a WHERE a.township_id = town AND a.key = said_key AND a.id IS DISTINCT FROM number) THEN
        RETURN NULL;
    END IF;
    IF number IS NULL THEN
        INSERT INTO alias (township_id, words, key, grams, house_id, geom, added_by)
        VALUES (town, said, said_key, said_grams, to_house, to_spot,
                coalesce((SELECT name FROM account WHERE id = my_account()), session_user::text))
        RETURNING id INTO made;
    ELSE
        SELECT * INTO was FROM alias WHERE id = number AND township_id = town FOR UPDATE;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        IF NOT alias_within('check_register', town, was.house_id, was.geom) THEN
            RAISE EXCEPTION 'no right' USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'right';
        END IF;
        UPDATE alias SET words = said, key = said_key, grams = said_grams, house_id = to_house, geom = to_spot,
            added_at = now(), added_by = coalesce((SELECT name FROM account WHERE id = my_account()), session_user::text)
        WHERE id = number RETURNING id INTO made;
    END IF;
    PERFORM audit(CASE WHEN number IS NULL THEN 'add' ELSE 'correct' END, 'alias', ARRAY[made]);
    RETURN made;
END $$;
COMMENT ON FUNCTION keep_alias(bigint, bigint, text, text, text, bigint, geometry) IS
    'runs as the owner: the clerk keeps the book of their ground, and writes into no table themselves';
REVOKE EXECUTE ON FUNCTION keep_alias(bigint, bigint, text, text, text, bigint, geometry) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_alias(bigint, bigint, text, text, text, bigint, geometry) TO gisgrid_web;
