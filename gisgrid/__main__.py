"""``python -m gisgrid``: the command line."""

from gisgrid.cli import main

main()
