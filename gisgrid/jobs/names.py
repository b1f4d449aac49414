"""What the queues, tasks and jobs are called in the store, where orders and workers meet."""

from gisgrid.core.messages import say

QUEUE, TASK = "editor", "editor.job"
QUICK = "editor.quick"
SCHEDULED, COMPLETE = "scheduled", "editor.complete"
REBALANCE = "rebalance"

BROKE_OFF = say("The computation broke off.")
BROKE_OFF_WITH = say("The computation broke off ({code}).")
THRICE = say("The computation was broken off three times, each time with the worker that did it.")
"""What is said of a job that came to nothing by no fault of what it was asked."""
