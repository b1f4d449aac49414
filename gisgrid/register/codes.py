"""Is this a good code, and which number does each grid get? Pure functions."""
