"""The worker's phone without a line: what waits to be sent, and what is kept to work with."""
