import numpy as np
import pytest

from gisgrid.core import codes


def test_check_digit_of_the_standards_example():
    assert codes.check_digit("11010519491231002") == "X"
    assert codes.check_digit("44052418800101001") == "4"


def _id(first: str) -> str:
    return first + codes.check_digit(first)


def test_each_fault_of_an_id_is_told_apart():
    good = _id("21140219620229001")[:17]
    ids = [
        _id("21140219620228001"),
        _id(good),  # 29 February 1962 does not exist
        "211402196202280010"[:17] + ("1" if _id("21140219620228001")[17] != "1" else "2"),
        "2114021962022800",
        "21140219620228001x"
        if _id("21140219620228001")[17] == "X"
        else _id("21140219620228001").lower(),
        "２１１４０２１９６２０２２８００１１",
    ]
    form, birth, check = codes.citizen_id_faults(ids)
    assert form.tolist() == [False, False, False, True, False, True]
    assert birth.tolist() == [False, True, False, False, False, False]
    assert check.tolist() == [False, False, True, False, False, False]


def test_no_single_slip_passes_the_check_digit():
    good = _id("21140219620228001")
    slips = [good[:i] + d + good[i + 1 :] for i in range(6) for d in "0123456789" if d != good[i]]
    assert codes.citizen_id_faults(slips)[2].all()


def test_birth_date_and_sex_are_read_off():
    assert codes.birth_dates(["211402196202280015"]) == ["1962-02-28"]
    assert codes.sexes(["211402196202280015", "211402196202280023"]) == ["m", "f"]


@pytest.mark.parametrize(
    ("code", "good"),
    [
        ("2114020010010010", False),
        ("211402001001001", True),
        ("２11402001001001", False),
        ("", False),
    ],
)
def test_schemes(code, good):
    assert codes.follows_scheme(code, (15, 20)) is good


def test_numbers_run_west_to_east_and_then_north_to_south():
    x = np.array([0.0, 100, 200, 0, 100, 200])
    y = np.array([100.0, 110, 95, 0, 5, -5])
    assert codes.number_in_community(x, y, np.full(6, 100.0)).tolist() == [1, 2, 3, 4, 5, 6]


def test_numbers_do_not_depend_on_the_order_of_the_input():
    rng = np.random.default_rng(3)
    x, y, height = rng.uniform(0, 900, 40), rng.uniform(0, 900, 40), rng.uniform(80, 200, 40)
    numbers = codes.number_in_community(x, y, height)
    assert sorted(numbers) == list(range(1, 41))
    order = rng.permutation(40)
    again = codes.number_in_community(x[order], y[order], height[order])
    np.testing.assert_array_equal(again, numbers[order])


def test_no_grid_no_number():
    assert codes.number_in_community([], [], []).tolist() == []


def test_unit_grid_codes_have_fifteen_digits():
    assert codes.unit_grid_codes("211402001001", [1, 12]) == ["211402001001001", "211402001001012"]
    with pytest.raises(ValueError, match="001 to 999"):
        codes.unit_grid_codes("211402001001", [1000])
    with pytest.raises(ValueError, match="12-digit"):
        codes.unit_grid_codes("2114", [1])
