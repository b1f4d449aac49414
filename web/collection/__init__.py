"""Collection tasks: made by the office, answered at the door; and how far the registers are filled."""
