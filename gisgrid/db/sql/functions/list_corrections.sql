-- The requests for correction of a township that whoever acts decides, oldest first, with what the record holds now.
-- Values and who asks are masked for all but the owner's connection, and but for those of `opened`, which takes a
-- declared purpose and stands on the audit.
CREATE OR REPLACE FUNCTION list_corrections(town bigint, wanted text, opened boolean)
RETURNS TABLE (id bigint, "table" text, code text, "column" text, current text, proposed text, asked_by text,
               asked_at timestamptz, state text, decided_by text, decided_at timestamptz, reason text, house_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found_ids bigint[];
BEGIN
    found_ids := ARRAY(
        SELECT c.id FROM correction_request c
        WHERE c.township_id = town AND (wanted IS NULL OR c.state = wanted)
          AND correction_within('check_register', c.table_name, c.row_id, c.township_id)
          AND (NOT opened OR correction_within('unmask', c.table_name, c.row_id, c.township_id)) ORDER BY 1);
    IF opened THEN
        PERFORM must_say_why('unmask');
        IF cardinality(found_ids) > 0 THEN
            PERFORM audit('unmask', 'correction_request', found_ids);
        END IF;
    END IF;
    RETURN QUERY
    SELECT c.id, c.table_name, coalesce(masked_code(o.code), ''), c.column_name,
           CASE WHEN bare THEN v.current ELSE hidden.said ->> 'current' END,
           CASE WHEN bare THEN c.proposed ELSE hidden.said ->> 'proposed' END,
           CASE WHEN bare THEN c.asked_by ELSE masked_name(c.asked_by, t.masking -> 'name') END,
           c.asked_at, c.state, c.decided_by, c.decided_at, c.reason, o.house_id
    FROM correction_request c JOIN township t ON t.area_id = c.township_id
    CROSS JOIN LATERAL (SELECT opened OR owns_the_store() AS bare) b
    LEFT JOIN LATERAL (
        SELECT r.code, to_jsonb(r) AS whole, f.house_id FROM resident r JOIN household f ON f.id = r.household_id
        WHERE c.table_name = 'resident' AND r.id = c.row_id
        UNION ALL SELECT f.code, to_jsonb(f), f.house_id FROM household f
        WHERE c.table_name = 'household' AND f.id = c.row_id
        UNION ALL SELECT s.code, to_jsonb(s), NULL FROM staff s WHERE c.table_name = 'staff' AND s.id = c.row_id
    ) o ON true
    CROSS JOIN LATERAL (
        SELECT CASE WHEN c.column_name = 'needs'
                    THEN (SELECT string_agg(n, ';') FROM jsonb_array_elements_text(o.whole -> 'needs') n)
                    ELSE o.whole ->> c.column_name END AS current) v
    CROSS JOIN LATERAL (
        SELECT jsonb_build_object(
            'current', CASE WHEN v.current IS NOT NULL THEN coalesce(
                masked_entry(jsonb_build_object(c.column_name, v.current), t.masking) ->> c.column_name, '*') END,
            'proposed', CASE WHEN c.proposed IS NOT NULL THEN coalesce(
                masked_entry(jsonb_build_object(c.column_name, c.proposed), t.masking) ->> c.column_name, '*') END
        ) AS said) hidden
    WHERE c.id = ANY (found_ids)
    ORDER BY c.asked_at, c.id;
END $$;
COMMENT ON FUNCTION list_corrections(bigint, text, boolean) IS
    'runs as the owner: masks values of three tables, of which the asker reads none';
REVOKE EXECUTE ON FUNCTION list_corrections(bigint, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION list_corrections(bigint, text, boolean) TO gisgrid_web;
