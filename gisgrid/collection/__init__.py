"""Collection tasks: what an office wants to know of houses, and how far the registers are filled."""
