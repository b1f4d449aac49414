-- Requests for correction by their numbers, oldest first, with what the record holds now. Values and who asks are masked
-- unless `bare`. Called by the functions that know whose requests these are.
CREATE OR REPLACE FUNCTION told_corrections(numbers bigint[], bare boolean)
RETURNS TABLE (id bigint, "table" text, code text, "column" text, current text, proposed text, asked_by text,
               asked_at timestamptz, state text, decided_by text, decided_at timestamptz, reason text, house_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.id, c.table_name, coalesce(masked_code(o.code), ''), c.column_name,
           CASE WHEN bare THEN v.current ELSE hidden.said ->> 'current' END,
           CASE WHEN bare THEN c.proposed ELSE hidden.said ->> 'proposed' END,
           CASE WHEN bare THEN c.asked_by ELSE masked_name(c.asked_by, t.masking -> 'name') END,
           c.asked_at, c.state, c.decided_by, c.decided_at, c.reason, o.house_id
    FROM correction_request c JOIN township t ON t.area_id = c.township_id
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
    WHERE c.id = ANY (numbers)
    ORDER BY c.asked_at, c.id
$$;
COMMENT ON FUNCTION told_corrections(bigint[], boolean) IS
    'runs as the owner: masks values of three tables, of which the asker reads none';
REVOKE EXECUTE ON FUNCTION told_corrections(bigint[], boolean) FROM PUBLIC;
