"""The tests; helpers stand in ``support``, and what they assert is explained like what a test asserts."""

import pytest

pytest.register_assert_rewrite("tests.support")
