"""What was found in a file, row by row, and the sentence for each reason in two languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

RowNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row was refused or what was done to it; the code is for programs and never changes."""

    code: str
    en: str
    zh: str
    option: str = ""
    """What to type at the terminal to have it otherwise; a page has its own fields."""


REASONS: dict[str, Reason] = {
    reason.code: reason
    for reason in (
        # The shape of the row.
        Reason("too_many_cells", "the row has more cells than the header: it is shifted or a quote is missing", "该行单元格多于表头：列错位或缺少引号"),
        Reason("missing", "a required value is missing", "缺少必填值"),
        Reason("not_a_choice", "the value is none of those allowed", "取值不在允许范围内"),
        Reason("not_a_number", "not a number", "不是数字"),
        Reason("negative", "must be more than 0", "必须大于 0"),
        Reason("error_cell", "the cell shows an error of the spreadsheet (#N/A, #REF! …): mend the formula", "单元格是表格错误值（#N/A、#REF! 等）：请修正公式"),
        Reason("total", "a total or a remark below the table, not a row of it", "合计行或表下说明，不是数据行"),
        Reason("garbled", "the text is garbled: the file was read in the wrong encoding", "文字为乱码：文件编码识别有误", "--encoding gb18030"),
        # Codes and IDs.
        Reason("code_exponent", "Excel turned the code into a number (…E+17); type it again as text", "编码被 Excel 改成科学计数（…E+17），请按文本重新填写"),
        Reason("code_zeros", "Excel cut the code after 15 digits (…000); type it again as text", "编码 15 位以后被 Excel 截成 0（…000），请按文本重新填写"),
        Reason("code_short", "the code is too short: leading zeros were lost", "编码位数不足：前导零丢失"),
        Reason("code_digits", "the code does not follow the scheme: digits only, 12 (area), 15 (unit grid) or 20 (professional grid)", "编码不符合规则：须为 12 位（区划）、15 位（单元网格）或 20 位（专业网格）数字"),
        Reason("mojibake", "the code holds a character that could not be read (�)", "编码中有无法识别的字符（�）"),
        Reason("code_twice", "the same code stands more than once in the file; the first row counts", "编码在文件中重复，以第一行为准"),
        Reason("id_length", "a citizen ID has 18 characters: 17 digits and a digit or X", "身份证号须为 18 位：17 位数字加 1 位数字或 X"),
        Reason("id_check", "the check digit of the citizen ID is wrong", "身份证号校验码错误"),
        Reason("id_birth", "the citizen ID holds a day of birth that does not exist", "身份证号中的出生日期不存在"),
        Reason("id_mismatch", "birth date or sex differs from the citizen ID", "出生日期或性别与身份证号不一致"),
        Reason("phone", "not a telephone number", "电话号码格式错误"),
        # Time.
        Reason("date", "not a date; write YYYY-MM-DD", "日期格式错误，请写成 YYYY-MM-DD"),
        Reason("time", "not a time; write YYYY-MM-DD HH:MM", "时间格式错误，请写成 YYYY-MM-DD HH:MM"),
        Reason("date_range", "the year lies outside 1850–2200", "年份超出 1850–2200"),
        Reason("closed_first", "closed before it was reported", "办结时间早于上报时间"),
        Reason("until_first", "ends before it begins", "结束日期早于开始日期"),
        # Places.
        Reason("half_place", "only one of longitude and latitude is given", "经度、纬度只填了一个"),
        Reason("lonlat_range", "longitude must lie in -180…180 and latitude in -90…90; the CRS may be another one", "经度须在 -180…180、纬度须在 -90…90 之间，坐标系可能不对"),
        Reason("crs_range", "the coordinates lie outside the declared coordinate system", "坐标超出所声明坐标系的范围"),
        Reason("swapped", "longitude and latitude are swapped", "经度和纬度填反了"),
        Reason("far", "the place lies far outside the township", "位置远在乡镇范围之外"),
        Reason("geometry_none", "there is no geometry", "没有图形"),
        Reason("geometry_text", "the cell holds no geometry that can be read", "单元格中的图形无法识别"),
        Reason("line_open", "a line where a polygon is needed: close it in the drawing, so that it ends where it begins", "需要面而提供的是未闭合的线：请在图中闭合该线（首尾相接）"),
        Reason("geometry_empty", "the geometry is empty", "图形为空"),
        Reason("geometry_type", "the geometry is of the wrong type", "图形类型不对"),
        Reason("geometry_invalid", "the geometry is invalid and no repair is certain", "图形无效，且无法可靠修复"),
        # Against what is stored.
        Reason("moved", "it stands under another area, grid, house or household; a move has to be asked for", "已登记在另一区划、网格、房屋或户之下；调整归属须明确要求", "--move"),
        Reason("unknown_matter", "no such matter on the list", "事项清单中没有该事项"),
        Reason("unknown_community", "no such community in the township", "乡镇内没有该社区"),
        Reason("unknown_parent", "no area with the parent's code", "上级区划不存在"),
        Reason("unknown_house", "no house with that code", "没有该编码的房屋"),
        Reason("unknown_household", "no household with that code", "没有该编码的户"),
        Reason("unknown_grid", "no grid with that code", "没有该编码的网格"),
        Reason("code_level", "the code already stands for something of another level", "该编码已用于其他层级"),
        Reason("unknown_staff", "no person of staff with that code", "没有该编码的工作人员"),
        Reason("unknown_area", "no such county, township or community above or in the township", "没有该县、乡镇或社区"),
        Reason("role_level", "the role is not held at the level of this area", "该职务不能设在这一级"),
        Reason("login_code", "the code cannot be a log-in name, or another account has it", "该编码不能作为登录名，或已被其他账号使用"),
        Reason("unknown_document", "no such document, or not in that version", "没有该文件或该版本"),
        Reason("post_grid", "the post of a team names its grid, and no other station does", "网格服务点须填写网格，其他服务站不填"),
        Reason("code_community", "the grid's code does not begin with the code of its community", "网格编码与所属社区编码不一致"),
        Reason("half_part", "a part in a team needs grid, role and first day together", "网格、身份、开始日期须同时填写"),
        Reason("two_leaders", "the grid would have two leaders on one day", "同一天一个网格不能有两名网格长"),
        Reason("member_twice", "the same person has the same part twice on one day", "同一人同一身份的任期重叠"),
        Reason("hours", "the hours must be more than 0 and at most 1000", "学时须大于 0 且不超过 1000"),
        Reason("training_differs", "the same training stands with other particulars in an earlier row", "同一培训编号在前面的行中内容不同"),
        Reason("half_limit", "time limit and its unit belong together", "时限与单位须同时填写"),
        Reason("limit", "no limit; write one such as 4 working_hours", "不是时限；应写作 4 working_hours 或 4工作小时"),
        Reason("levels", "levels out of residents, grid, community, section, township, separated by ;", "层级须为居民、网格、社区、包片、乡镇，用分号分隔"),
        Reason("half_consent", "a temporary item needs consent, a first and a last day, and nothing else has them", "临时事项须同时填写同意文号、起始日期和结束日期"),
        # Kept, and told.
        Reason("float_repaired", "the code was written as a number (12.0); “.0” was taken off", "编码被写成小数（12.0），已去掉“.0”"),
        Reason("geometry_repaired", "the geometry was invalid and was repaired without visible change", "图形无效，已修复，形状无可见变化"),
        Reason("ring_closed", "the ring of the polygon was open; it was closed by a straight line", "多边形未闭合，已用直线闭合"),
        Reason("line_polygon", "closed lines were taken for polygons", "闭合的线已作为面处理"),
        Reason("date_order", "days such as 03/08/2023 were read month first, for nothing in the file shows the order", "日期如 03/08/2023 按“月/日/年”读取，文件中没有可判断顺序的依据", "--time-format %d/%m/%Y"),
        Reason("formula_told", "the text begins as a formula does (= + - @); it is kept as text, and made harmless in every CSV", "文字以公式符号（= + - @）开头；按文字保存，导出 CSV 时已作防护"),
        Reason("area_derived", "no polygon: it will be the union of what lies below it", "没有图形：将由下级区划合并得出"),
        Reason("community_from_address", "no coordinates and no community given: the community was taken from the address", "无坐标且未填社区：社区由地址得出"),
        Reason("polygon_point", "houses came as polygons: each stands at a point on its surface", "房屋以面提供：取面上一点作为位置"),
        Reason("emptied", "the cell is empty: what was stored there goes", "单元格为空：原有内容将被清除"),
        Reason("unlocated", "no coordinates: kept without a place", "没有坐标：保留，但不落格"),
        Reason("row_twice", "the same row stands more than once; kept once", "整行重复，只保留一次"),
        Reason("person_twice", "another resident has the same citizen ID: please compare", "另有居民使用同一身份证号：请核对"),
        Reason("login_long", "another account has this log-in name: the office logs in as CODE@TOWNSHIP", "该登录名已被占用：该机构以 编码@乡镇代码 登录"),
        Reason("placeholder", "the coordinates are a default spot, not a place: kept, not attached", "坐标为默认点而非实际位置：保留，但不落格"),
        Reason("zeros_told", "the citizen ID ends with 000 although its check digit is right: please compare", "身份证号以 000 结尾但校验码正确：请核对"),
        Reason("mojibake_told", "the text holds a character that could not be read (? or �)", "文字中有无法识别的字符（? 或 �）"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason, the canonical column it concerns ("" for the whole row) and the rows it hit."""

    code: str
    column: str
    rows: RowNumbers
    """Row numbers as a person sees them: the header is row 1."""


@dataclass(slots=True)
class Findings:
    """Findings of a whole file, gathered chunk by chunk: 16 bytes a finding."""

    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, column: str, rows: npt.ArrayLike) -> None:
        """Note the rows; nothing happens for none. An unknown code is a KeyError."""
        numbers = np.asarray(rows, dtype=np.int64).ravel()
        if len(numbers):
            self.found.append(Finding(REASONS[code].code, column, numbers))

    def drop(self, code: str) -> None:
        """Forget a finding of the whole file."""
        self.found = [f for f in self.found if f.code != code or f.column]

    def extend(self, others: Iterable[Finding]) -> None:
        self.found.extend(others)

    def rows(self) -> RowNumbers:
        """All row numbers hit, ascending, each once."""
        if not self.found:
            return np.empty(0, np.int64)
        return np.unique(np.concatenate([f.rows for f in self.found]))

    def counts(self) -> dict[str, int]:
        """Number of rows per reason, by reason code in alphabetical order."""
        rows: dict[str, list[RowNumbers]] = {}
        for one in self.found:
            rows.setdefault(one.code, []).append(one.rows)
        return {code: len(np.unique(np.concatenate(rows[code]))) for code in sorted(rows)}

    def by_row(self) -> Iterator[tuple[int, list[tuple[str, str]]]]:
        """(row, [(reason code, column), …]) by ascending row; reasons in the order found."""
        if not self.found:
            return
        rows = np.concatenate([f.rows for f in self.found])
        which = np.repeat(np.arange(len(self.found)), [len(f.rows) for f in self.found])
        order = np.lexsort((which, rows))
        row, reasons = -1, list[tuple[str, str]]()
        for position in order:
            if rows[position] != row:
                if reasons:
                    yield row, reasons
                row, reasons = int(rows[position]), []
            one = self.found[which[position]]
            if (one.code, one.column) not in reasons:
                reasons.append((one.code, one.column))
        yield row, reasons
