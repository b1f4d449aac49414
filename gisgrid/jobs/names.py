"""What the queues, tasks and jobs are called in the store, where orders and workers meet."""

QUEUE, TASK = "bench", "bench.job"
QUICK = "bench.quick"
UPKEEP, COMPLETE = "upkeep", "bench.complete"
REBALANCE = "rebalance"
IMPORT_FOLDERS = "gisgrid-import-"
"""Beginning of the names of folders in which a file that was sent is read, before the process number."""
