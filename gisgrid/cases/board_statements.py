"""What a board asks the store, of the tables ``live`` and ``done`` of `gisgrid.cases.board_filters`.

``BOARD`` gives counts, the first rows by urgency and the symbols of the map; ``BOARD_IN_ORDER`` the first rows in the
order that ``by`` and ``down`` say; ``TABS`` what the tabs count.
"""

from __future__ import annotations

from sqlalchemy import text

# Squares are summed over the open and the closed apart, and then put together.
_COUNTED = """
SELECT board.* FROM (
WITH cell AS MATERIALIZED (
    SELECT sum(n) AS n, sum(open) AS open, sum(late) AS late, sum(soon) AS soon, sum(urgent) AS urgent,
           sum(lon) / sum(n) AS lon, sum(lat) / sum(n) AS lat, min(event_id) AS event_id
    FROM (
        SELECT floor(lon / :square) AS x, floor(lat / (:square * 0.76)) AS y, count(*) AS n,
               count(*) AS open, count(*) FILTER (WHERE late) AS late,
               count(*) FILTER (WHERE soon) AS soon, count(*) FILTER (WHERE urgent) AS urgent, sum(lon) AS lon, sum(lat) AS lat,
               min(event_id) AS event_id
        FROM live GROUP BY 1, 2
        UNION ALL
        SELECT floor(lon / :square), floor(lat / (:square * 0.76)), count(*), 0, 0, 0, 0, sum(lon),
               sum(lat), min(event_id)
        FROM (SELECT event_id, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM done OFFSET 0) AS at
        GROUP BY 1, 2
    ) AS part GROUP BY x, y
), sums AS (
    SELECT coalesce(sum(n), 0)::bigint AS total, coalesce(sum(open), 0)::bigint AS open,
           coalesce(sum(late), 0)::bigint AS late, coalesce(sum(soon), 0)::bigint AS soon,
           coalesce(sum(urgent), 0)::bigint AS urgent,
           coalesce(sum(n) FILTER (WHERE lon IS NULL), 0)::bigint AS unlocated FROM cell
"""
_FIRST = """
), first AS (
    (SELECT event_id, CASE WHEN urgent THEN 0 ELSE 1 END AS part, due_at, case_id,
            NULL::timestamptz AS reported_at
     FROM live ORDER BY urgent DESC, due_at NULLS LAST, case_id LIMIT :limit)
    UNION ALL
    (SELECT event_id, 2, NULL, NULL, reported_at FROM done
     WHERE (SELECT open FROM sums) < :limit ORDER BY reported_at DESC, event_id LIMIT :limit)
    ORDER BY part, due_at NULLS LAST, case_id, reported_at DESC, event_id LIMIT :limit
"""
_FIRST_IN_ORDER = """
), first AS (
    SELECT event_id, part, row_number() OVER (ORDER BY part, w_up NULLS LAST, w_down DESC NULLS LAST,
               n_up NULLS LAST, n_down DESC NULLS LAST, m_up NULLS LAST, m_down DESC NULLS LAST, event_id) AS case_id,
           NULL::timestamptz AS due_at, NULL::timestamptz AS reported_at
    FROM (
        SELECT event_id, part, CASE WHEN NOT :down THEN words END COLLATE "C" AS w_up, CASE WHEN :down THEN words END COLLATE "C" AS w_down,
               CASE WHEN NOT :down THEN n END AS n_up, CASE WHEN :down THEN n END AS n_down,
               CASE WHEN NOT :down THEN moment END AS m_up, CASE WHEN :down THEN moment END AS m_down
        FROM (
            SELECT l.event_id, l.part,
                   CASE CAST(:by AS text) WHEN 'matter' THEN CASE WHEN :english THEN coalesce(m.name_en, m.name) ELSE m.name END
                        WHEN 'community' THEN CASE WHEN :english THEN coalesce(o.name_en, o.name) ELSE o.name END WHEN 'grid' THEN g.name
                        WHEN 'owner' THEN coalesce(c.office, w.name, c.grid_code) WHEN 'source' THEN e.source
                        WHEN 'code' THEN e.code END AS words,
                   CASE CAST(:by AS text) WHEN 'due' THEN l.due_at WHEN 'returned' THEN l.due_at WHEN 'reported' THEN e.reported_at END AS moment,
                   CASE CAST(:by AS text) WHEN 'state' THEN f.position WHEN 'told_again' THEN
                        (SELECT count(*) FROM event_case x WHERE x.merged_into_id = c.id) WHEN 'returned' THEN
                        CASE WHEN (SELECT s.means FROM case_step s WHERE s.case_id = c.id AND s.means NOT IN ('note', 'move', 'recategorise')
                                   ORDER BY s.seq DESC LIMIT 1) = 'return' THEN 0 ELSE 1 END END AS n
            FROM (SELECT event_id, CASE WHEN urgent THEN 0 ELSE 1 END AS part, due_at FROM live
                  UNION ALL SELECT event_id, 1, NULL FROM done) AS l
            JOIN event e ON e.id = l.event_id JOIN event_case c ON c.event_id = e.id
            JOIN matter m ON m.id = e.matter_id
            LEFT JOIN flow_state f ON (f.flow_id, f.state) = (c.flow_id, c.state)
            LEFT JOIN plan_in_force p ON p.township_id = :t
            LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
            LEFT JOIN grid g ON g.id = a.grid_id LEFT JOIN area o ON o.id = coalesce(g.community_id, e.community_id)
            LEFT JOIN grid w ON w.plan_id = p.id AND w.code = c.grid_code
        ) AS keyed
        -- The first of them alone are put in order, not all.
        ORDER BY part, w_up NULLS LAST, w_down DESC NULLS LAST, n_up NULLS LAST, n_down DESC NULLS LAST,
                 m_up NULLS LAST, m_down DESC NULLS LAST, event_id LIMIT :limit
    ) AS top
"""
_SYMBOLS = """
), symbol AS (
    SELECT n, late, soon, urgent, lon, lat, event_id FROM cell
    WHERE lon IS NOT NULL AND (SELECT total FROM sums) > :single
    UNION ALL
    SELECT 1, late::int, soon::int, urgent::int, lon, lat, event_id FROM live
    WHERE lon IS NOT NULL AND (SELECT total FROM sums) <= :single
    UNION ALL
    SELECT 1, 0, 0, 0, ST_X(geom), ST_Y(geom), event_id FROM done
    WHERE geom IS NOT NULL AND (SELECT total FROM sums) <= :single
)
SELECT sums.*, (SELECT array_agg(event_id ORDER BY part, due_at NULLS LAST, case_id,
                                 reported_at DESC, event_id) FROM first) AS first,
       s.n::int, s.late::int, s.soon::int, s.urgent::int, s.lon, s.lat,
       CASE WHEN s.n = 1 THEN (SELECT c.id FROM event_case c WHERE c.event_id = s.event_id) END AS case_id
FROM sums LEFT JOIN symbol AS s ON :draws
) AS board
"""
BOARD = text(f"{_COUNTED}{_FIRST}{_SYMBOLS}").columns()
BOARD_IN_ORDER = text(f"{_COUNTED}{_FIRST_IN_ORDER}{_SYMBOLS}").columns()
TABS = text("""
SELECT t.* FROM (
    SELECT count(*) AS open, count(*) FILTER (WHERE s.phase = 'report') AS report,
           count(*) FILTER (WHERE s.phase = 'file') AS file, count(*) FILTER (WHERE s.phase = ANY (:work)) AS work,
           count(*) FILTER (WHERE s.phase = 'check') AS check, count(*) FILTER (WHERE s.phase = 'hold') AS hold,
           count(*) FILTER (WHERE live.late) AS late, count(*) FILTER (WHERE live.soon) AS soon,
           count(*) FILTER (WHERE live.event_id = ANY (CAST(:mine AS bigint[]))) AS mine,
           count(*) FILTER (WHERE live.event_id NOT IN (
               SELECT a.event_id FROM event_grid a JOIN plan_in_force p ON p.id = a.plan_id
               WHERE p.township_id = :t AND a.grid_id IS NOT NULL)) AS nowhere
    FROM live JOIN flow_state s ON (s.flow_id, s.state) = (live.flow_id, live.state)
) AS t
""").columns()
