-- As `hidden_counts`, for rows of several numbers that add up to one another (people by age): a cell with one small number
-- hides all its numbers, since each could be had from the others and their sum. Then further cells go, until for
-- every sum that is shown the hidden numbers below it are of three cells or more, and in each column without the
-- largest of them still as many as may be shown; or all of them zero. `n` is row by row, `width` numbers each.
CREATE OR REPLACE FUNCTION hidden_rows(
    n bigint[], width int, part int[], minimum int, OUT cells boolean[], OUT parts boolean[], OUT whole boolean
)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    size int := cardinality(part);
    m int := (SELECT max(p) FROM unnest(part) p);
    rows bigint[] := array_fill(0::bigint, ARRAY[size]);
    total bigint[] := array_fill(0::bigint, ARRAY[m * width]);
    parts_total bigint[] := array_fill(0::bigint, ARRAY[m]);
    all_total bigint[] := array_fill(0::bigint, ARRAY[width]);
    hidden int[];
    hidden_sum bigint[];
    hidden_most bigint[];
    next_cell int[];
    next_part int;
    parts_hidden int;
    pool bigint;
    pool_most bigint;
    open_sum boolean;
    changed boolean;
    x bigint;
    j int;
BEGIN
    cells := array_fill(false, ARRAY[size]);
    parts := array_fill(false, ARRAY[m]);
    whole := false;
    IF minimum <= 1 OR NOT EXISTS (SELECT FROM unnest(n) AS y WHERE y BETWEEN 1 AND minimum - 1) THEN
        RETURN;
    END IF;
    FOR i IN 1..size LOOP
        FOR c IN 1..width LOOP
            x := n[(i - 1) * width + c];
            rows[i] := rows[i] + x;
            cells[i] := cells[i] OR x BETWEEN 1 AND minimum - 1;
            total[(part[i] - 1) * width + c] := total[(part[i] - 1) * width + c] + x;
            parts_total[part[i]] := parts_total[part[i]] + x;
            all_total[c] := all_total[c] + x;
        END LOOP;
    END LOOP;
    FOR k IN 1..m LOOP
        FOR c IN 1..width LOOP
            parts[k] := parts[k] OR total[(k - 1) * width + c] BETWEEN 1 AND minimum - 1;
        END LOOP;
    END LOOP;
    whole := EXISTS (SELECT FROM unnest(all_total) AS y WHERE y BETWEEN 1 AND minimum - 1);
    LOOP
        changed := false;
        hidden := array_fill(0, ARRAY[m]);
        hidden_sum := array_fill(0::bigint, ARRAY[m * width]);
        hidden_most := array_fill(0::bigint, ARRAY[m * width]);
        next_cell := array_fill(0, ARRAY[m]);
        FOR i IN 1..size LOOP
            IF cells[i] THEN
                hidden[part[i]] := hidden[part[i]] + 1;
                FOR c IN 1..width LOOP
                    j := (part[i] - 1) * width + c;
                    x := n[(i - 1) * width + c];
                    hidden_sum[j] := hidden_sum[j] + x;
                    hidden_most[j] := greatest(hidden_most[j], x);
                END LOOP;
            ELSIF rows[i] > 0 AND (next_cell[part[i]] = 0 OR rows[i] < rows[next_cell[part[i]]]) THEN
                next_cell[part[i]] := i;
            END IF;
        END LOOP;
        FOR k IN 1..m LOOP
            IF parts[k] THEN
                CONTINUE WHEN hidden[k] > 0 OR next_cell[k] = 0;
                cells[next_cell[k]] := true;
            ELSE
                CONTINUE WHEN hidden[k] = 0;
                open_sum := hidden[k] < 3;
                FOR c IN 1..width LOOP
                    j := (k - 1) * width + c;
                    open_sum := open_sum OR hidden_sum[j] > 0 AND hidden_sum[j] - hidden_most[j] < minimum;
                END LOOP;
                CONTINUE WHEN NOT open_sum;
                IF next_cell[k] > 0 THEN
                    cells[next_cell[k]] := true;
                ELSE
                    parts[k] := true;
                END IF;
            END IF;
            changed := true;
        END LOOP;
        CONTINUE WHEN changed;
        EXIT WHEN whole;
        parts_hidden := 0;
        next_part := 0;
        j := 0;
        FOR k IN 1..m LOOP
            IF parts[k] THEN
                parts_hidden := parts_hidden + 1;
                IF next_cell[k] > 0 AND (j = 0 OR rows[next_cell[k]] < rows[j]) THEN
                    j := next_cell[k];
                END IF;
            ELSIF parts_total[k] > 0 AND (next_part = 0 OR parts_total[k] < parts_total[next_part]) THEN
                next_part := k;
            END IF;
        END LOOP;
        EXIT WHEN parts_hidden = 0;
        open_sum := parts_hidden < 3;
        FOR c IN 1..width LOOP
            pool := 0;
            pool_most := 0;
            FOR k IN 1..m LOOP
                IF parts[k] THEN
                    pool := pool + hidden_sum[(k - 1) * width + c];
                    pool_most := greatest(pool_most, hidden_sum[(k - 1) * width + c]);
                END IF;
            END LOOP;
            open_sum := open_sum OR pool > 0 AND pool - pool_most < minimum;
        END LOOP;
        EXIT WHEN NOT open_sum;
        IF parts_hidden >= 3 AND j > 0 THEN
            cells[j] := true;
        ELSIF next_part > 0 THEN
            parts[next_part] := true;
        ELSE
            whole := true;
        END IF;
    END LOOP;
END $$;
