"""Tests of the room `gisgrid.register` and its pages."""
