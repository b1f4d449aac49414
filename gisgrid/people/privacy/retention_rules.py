"""Which rows are past their time, table by table, and what is done with them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RetentionRule:
    """Rows past their time: ``find`` gives their numbers, ``remember`` what may be left of them."""

    keeping: str
    table: str
    find: str
    write: str
    """Deletes or empties the rows of ``gone``."""
    empties: bool = False
    remember: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    """Statements before it: what points at the rows."""
    counts: str = ""
    """How many rows there are; empty: those of the township."""


# The day on which a row was last known to be true; a row that no run brought and nobody verified
# has none and stays.
_LAST_KNOWN = """greatest(o.verified_on, (
    SELECT (run.started_at AT TIME ZONE :zone)::date FROM import_run run
    WHERE run.id = o.run_id AND o.verified_on IS NULL))"""

RULES: tuple[RetentionRule, ...] = (
    RetentionRule(
        "register",
        "resident",
        f"""SELECT o.id FROM resident o JOIN household f ON f.id = o.household_id
            WHERE o.township_id = :t
              AND greatest({_LAST_KNOWN}, f.verified_on) < CAST(:before AS date)""",
        "DELETE FROM resident o USING gone g WHERE g.table_name = 'resident' AND g.row_id = o.id",
        remember=("citizen_id", "phone"),
        first=(
            # Words for a house that speak of who lived there.
            """DELETE FROM alias a USING gone g, resident o JOIN household f ON f.id = o.household_id
               WHERE g.table_name = 'resident' AND g.row_id = o.id AND a.house_id = f.house_id
                 AND position(o.name IN a.words) > 0""",
            # Also those that went with a house they lived in.
            """DELETE FROM history x USING gone g, resident o JOIN household f ON f.id = o.household_id
               WHERE g.table_name = 'resident' AND g.row_id = o.id AND x.table_name = 'alias'
                 AND position(o.name IN x.old ->> 'words') > 0
                 AND ((x.old ->> 'house_id')::bigint = f.house_id OR (x.old ->> 'house_id')::bigint IN (
                     SELECT (w.old ->> 'house_id')::bigint FROM history w
                     WHERE w.table_name = 'household' AND w.row_id = f.id))""",
            """UPDATE register_entry e SET said = '{}', was = '{}'
               FROM gone g, resident o JOIN household f ON f.id = o.household_id
               WHERE g.table_name = 'resident' AND g.row_id = o.id AND e.kind = 'alias'
                 AND e.house_id = f.house_id AND position(o.name IN e.said ->> 'alias') > 0""",
            """UPDATE register_entry e SET said = '{}', was = '{}' FROM gone g
               WHERE g.table_name = 'resident' AND g.row_id = e.resident_id""",
            """DELETE FROM subject_request s USING gone g
               WHERE g.table_name = 'resident' AND g.row_id = s.resident_id""",
            """DELETE FROM correction_request c USING gone g
               WHERE c.table_name = g.table_name AND c.row_id = g.row_id""",
        ),
    ),
    RetentionRule(
        "register",
        "household",
        f"""SELECT o.id FROM household o WHERE o.township_id = :t
              AND NOT EXISTS (SELECT FROM resident r WHERE r.household_id = o.id)
              AND {_LAST_KNOWN} < CAST(:before AS date)""",
        "DELETE FROM household o USING gone g WHERE g.table_name = 'household' AND g.row_id = o.id",
        first=(
            """UPDATE register_entry e SET said = '{}', was = '{}' FROM gone g
               WHERE g.table_name = 'household' AND g.row_id = e.household_id""",
            """DELETE FROM correction_request c USING gone g
               WHERE c.table_name = g.table_name AND c.row_id = g.row_id""",
        ),
    ),
    RetentionRule(
        "visits",
        "visit",
        "SELECT id FROM visit WHERE township_id = :t AND visited_on < CAST(:before AS date)",
        "DELETE FROM visit o USING gone g WHERE g.table_name = 'visit' AND g.row_id = o.id",
    ),
    RetentionRule(
        "events",
        "event",
        """SELECT id FROM event WHERE township_id = :t
             AND (closed_at AT TIME ZONE :zone)::date < CAST(:before AS date)
             AND (text, address, reporter, contact) IS DISTINCT FROM (NULL, NULL, NULL, NULL)""",
        """UPDATE event o SET text = NULL, address = NULL, reporter = NULL, contact = NULL
           FROM gone g WHERE g.table_name = 'event' AND g.row_id = o.id""",
        empties=True,
        remember=("contact",),
        first=(
            "DELETE FROM photo f USING gone g WHERE g.table_name = 'event' AND g.row_id = f.event_id",
            # The log of a case stays as it is for everybody; its words go with those of the event.
            "ALTER TABLE case_step DISABLE TRIGGER keep_case_log",
            """UPDATE case_step s SET reason = NULL, note = NULL
               FROM gone g, event_case c WHERE g.table_name = 'event' AND g.row_id = c.event_id
                 AND s.case_id = c.id AND (s.reason IS NOT NULL OR s.note IS NOT NULL)""",
            "ALTER TABLE case_step ENABLE TRIGGER keep_case_log",
        ),
    ),
    RetentionRule(
        "staff",
        "staff",
        # Somebody who never had a part is judged by nothing and stays, as does who can still log in.
        """SELECT s.id FROM staff s JOIN team_member m ON m.staff_id = s.id
           WHERE s.township_id = :t AND s.name <> :gone
             AND NOT EXISTS (SELECT FROM account k WHERE k.staff_id = s.id AND k.active)
           GROUP BY s.id HAVING bool_and(coalesce(upper(m.during) <= CAST(:before AS date), false))""",
        """UPDATE staff o SET name = :gone, phone = NULL, body = NULL
           FROM gone g WHERE g.table_name = 'staff' AND g.row_id = o.id""",
        empties=True,
        remember=("phone",),
        first=(
            """DELETE FROM training_attendee a USING gone g
               WHERE g.table_name = 'staff' AND g.row_id = a.staff_id""",
            """DELETE FROM staff_profile p USING gone g
               WHERE g.table_name = 'staff' AND g.row_id = p.staff_id""",
            """DELETE FROM read_receipt r USING gone g
               WHERE g.table_name = 'staff' AND g.row_id = r.staff_id""",
            """DELETE FROM worker_position w USING gone g
               WHERE g.table_name = 'staff' AND g.row_id = w.staff_id""",
            """DELETE FROM correction_request c USING gone g
               WHERE c.table_name = g.table_name AND c.row_id = g.row_id""",
            """DELETE FROM email_code p USING gone g, account k
               WHERE g.table_name = 'staff' AND g.row_id = k.staff_id AND p.account_id = k.id""",
            """DELETE FROM outbox_person p USING gone g, account k
               WHERE g.table_name = 'staff' AND g.row_id = k.staff_id AND p.account_id = k.id""",
            """UPDATE account k SET display_name = :gone, staff_id = NULL FROM gone g
               WHERE g.table_name = 'staff' AND g.row_id = k.staff_id""",
        ),
    ),
    RetentionRule(
        "entries",
        "register_entry",
        """SELECT id FROM register_entry WHERE township_id = :t AND state <> 'waiting'
             AND (at AT TIME ZONE :zone)::date < CAST(:before AS date)""",
        """DELETE FROM register_entry o USING gone g
           WHERE g.table_name = 'register_entry' AND g.row_id = o.id""",
        first=(
            # What went with a house can be taken back as long as its line is there.
            """UPDATE house_change c SET kept = NULL FROM gone g
               WHERE g.table_name = 'register_entry' AND g.row_id = c.entry_id""",
        ),
    ),
    RetentionRule(
        "entries",
        "phone_entry",
        """SELECT id FROM phone_entry WHERE township_id = :t
             AND (at AT TIME ZONE :zone)::date < CAST(:before AS date)""",
        """DELETE FROM phone_entry o USING gone g
           WHERE g.table_name = 'phone_entry' AND g.row_id = o.id""",
    ),
    RetentionRule(
        "entries",
        "collection_answer",
        # Those of an open task are its work.
        """SELECT a.id FROM collection_answer a JOIN collection_task t ON t.id = a.task_id
           WHERE a.township_id = :t AND t.state = 'ended'
             AND (a.at AT TIME ZONE :zone)::date < CAST(:before AS date)""",
        """DELETE FROM collection_answer o USING gone g
           WHERE g.table_name = 'collection_answer' AND g.row_id = o.id""",
    ),
    RetentionRule(
        "entries",
        "sleep_reason",
        """SELECT id FROM sleep_reason WHERE township_id = :t
             AND (at AT TIME ZONE :zone)::date < CAST(:before AS date)""",
        """DELETE FROM sleep_reason o USING gone g
           WHERE g.table_name = 'sleep_reason' AND g.row_id = o.id""",
    ),
    RetentionRule(
        "corrections",
        "correction_request",
        """SELECT id FROM correction_request WHERE township_id = :t
             AND (decided_at AT TIME ZONE :zone)::date < CAST(:before AS date)""",
        """DELETE FROM correction_request o USING gone g
           WHERE g.table_name = 'correction_request' AND g.row_id = o.id""",
    ),
    RetentionRule(
        "corrections",
        "subject_request",
        """SELECT id FROM subject_request WHERE township_id = :t AND state IN ('answered', 'refused')
             AND (coalesce(answered_at, decided_at) AT TIME ZONE :zone)::date < CAST(:before AS date)""",
        """DELETE FROM subject_request o USING gone g
           WHERE g.table_name = 'subject_request' AND g.row_id = o.id""",
    ),
    RetentionRule(
        "imports",
        "file_import",
        # One that is at work ends first; one of areas is no township's own.
        """SELECT id FROM file_import
           WHERE (township IS NULL OR township = (SELECT code FROM area WHERE id = :t))
             AND gone_at IS NULL AND state NOT IN ('waiting', 'running')
             AND (sent_at AT TIME ZONE :zone)::date < CAST(:before AS date)""",
        """UPDATE file_import o SET gone_at = now() FROM gone g
           WHERE g.table_name = 'file_import' AND g.row_id = o.id""",
        empties=True,
        first=(
            """DELETE FROM file_import_part f USING gone g
               WHERE g.table_name = 'file_import' AND g.row_id = f.import_id""",
        ),
        counts="SELECT count(*) FROM file_import WHERE gone_at IS NULL",
    ),
    RetentionRule(
        "messages",
        "outbox_message",
        # One of no township goes with those of the first that runs.
        """SELECT id FROM outbox_message WHERE (township_id = :t OR township_id IS NULL)
             AND (at AT TIME ZONE :zone)::date < CAST(:before AS date)""",
        """DELETE FROM outbox_message o USING gone g
           WHERE g.table_name = 'outbox_message' AND g.row_id = o.id""",
    ),
)
