import numpy as np
import pandas as pd
import pytest

from gisgrid.core.errors import Invalid, NotFound
from gisgrid.files.columns import KINDS, Mapping, resolve
from gisgrid.files.proposed import proposals
from gisgrid.files.vocabulary import CHOICES, CODE_HEADERS, HEADERS, NAME_HEADERS
from gisgrid.files.words import plain


def test_synonyms_are_written_as_they_are_compared():
    for table in (HEADERS, CODE_HEADERS, NAME_HEADERS, *CHOICES.values()):
        for synonyms in table.values():
            assert [s for s in synonyms if plain(s) != s] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_with_canonical_names_needs_no_mapping(kind):
    names = [c.name for c in KINDS[kind].columns]
    found = resolve(kind, names, has_geometry=True)
    assert found.headers == {name: name for name in names}
    assert found.unused == ()


def test_chinese_headers_with_remarks_are_found():
    found = resolve("houses", ["房屋编码*", "详细地址", "经度（度）", " 纬度 ", "所属社区", "备注"])
    assert found.headers == {
        "code": "房屋编码*", "address": "详细地址", "lon": "经度（度）", "lat": " 纬度 ", "community": "所属社区",
    }  # fmt: skip
    assert found.unused == ("备注",)


def test_a_missing_column_is_named_with_what_the_file_has():
    with pytest.raises(Invalid) as caught:
        resolve("houses", ["编号", "经度"])
    assert caught.value.facts["missing"] == ["address", "lat"]
    assert "编号, 经度" in caught.value.message


def test_polygons_are_required_for_grids():
    with pytest.raises(Invalid, match="geometry"):
        resolve("grids", ["code"])
    assert resolve("grids", ["code"], has_geometry=True).has("code")


def test_two_headers_of_one_meaning_ask_for_a_choice():
    with pytest.raises(Invalid, match="choose"):
        resolve("houses", ["地址", "地址*", "code"])
    chosen = resolve("houses", ["地址", "地址*", "code"], Mapping(columns={"address": "地址*"}))
    assert chosen.headers["address"] == "地址*"


def test_a_mapping_must_name_what_exists():
    with pytest.raises(Invalid, match="has no column"):
        resolve("houses", ["code", "address"], Mapping(columns={"code": "nummer"}))
    with pytest.raises(Invalid, match="have no column colour"):
        resolve("houses", ["code", "address"], Mapping(constants={"colour": "red"}))
    with pytest.raises(Invalid, match="not two of them"):
        resolve(
            "houses",
            ["code", "address"],
            Mapping(columns={"code": "code"}, constants={"code": "1"}),
        )
    with pytest.raises(NotFound, match="no kind"):
        resolve("trees", [])


def test_constants_and_templates_fill_columns():
    mapping = Mapping(
        constants={"address": "x"}, templates={"community": "{行政區}·{里}", "code": "T{#}"}
    )
    found = resolve("houses", ["行政區", "里"], mapping)
    chunk = pd.DataFrame(
        {
            "行政區": np.array(["大安區 ", "中山區"], object),
            "里": np.array(["龍安里", None], object),
        },
        index=[2, 3],
        dtype=object,
    )
    table = found.canonical(chunk)
    assert table["community"].tolist() == ["大安區·龍安里", None]
    assert table["code"].tolist() == ["T2", "T3"]
    assert table["address"].tolist() == ["x", "x"]
    assert table["lon"].tolist() == [None, None]
    assert found.unused == ()


def test_an_empty_header_takes_a_column_out():
    found = resolve("events", ["code", "matter", "date", "source"], Mapping(columns={"source": ""}))
    assert not found.has("source")


def test_a_mapping_survives_its_file():
    mapping = Mapping(
        columns={"code": "編號"},
        constants={"level": "community"},
        crs="EPSG:2249",
        time_format="%d.%m.%Y",
    )
    assert Mapping.from_json(mapping.to_json()) == mapping


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"colums": {}}', '{"columns": {"a": 1}}', '{"crs": 4326}']
)
def test_a_broken_mapping_file_is_refused(text):
    with pytest.raises(Invalid):
        Mapping.from_json(text)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_file_with_the_columns_of_a_kind_is_taken_for_it(kind: str):
    """By its headers and its geometry alone, whatever it is called; no kind is left out of the list."""
    this = KINDS[kind]
    headers = [c.synonyms[0] if c.synonyms else c.name for c in this.columns]
    shape = None if this.geometry == "point" else this.geometry
    found = proposals(headers, shape, "file.csv")
    assert {p.kind for p in found} == set(KINDS)
    best = [p.kind for p in found if not p.missing and len(p.columns) == len(this.columns)]
    assert kind in best
    assert proposals(headers, shape, f"{kind}.csv")[0].kind == kind


def test_a_kind_says_what_it_lacks_and_what_it_does_not_use():
    (found,) = (p for p in proposals(["地址", "颜色"], None) if p.kind == "houses")
    assert (found.missing, found.unused) == (("code",), ("颜色",))
    (found,) = (p for p in proposals(["code"], None) if p.kind == "grids")
    assert found.missing == ("geometry",)
