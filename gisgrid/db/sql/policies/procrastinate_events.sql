-- A trigger of the queue notes here, as whoever queues a job, that there is one.
GRANT INSERT (job_id, type) ON procrastinate.procrastinate_events TO gisgrid_planner;
