"""Practice: the work at the door on houses that are invented."""
