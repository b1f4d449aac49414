"""Compiled arithmetic on arrays: no objects, no strings, no randomness of their own."""
