"""What is printed for the grids: plan sheets, lists to fill in, notices at the door."""
