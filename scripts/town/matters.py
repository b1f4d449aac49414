"""The list of matters of Town F: 8 major and 42 minor items, invented on the pattern of real lists."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

PHOTO, RESIDENT, FILE, SAFE = (
    "现场复核，处置前后照片各一张",
    "报事人确认，24小时内回访",
    "办理结果归档，答复报事人",
    "责任单位书面确认隐患消除",
)


@dataclass(frozen=True)
class Minor:
    """A minor item and how often, when and where it occurs in the invented year."""

    name: str
    name_en: str
    office: str
    limit: float
    unit: str
    rule: str
    share: float
    season: str
    hours: str
    texts: tuple[str, ...]


H, D, M = "working_hours", "working_days", "working_minutes"
URBAN, SAFETY, LAW, CIVIL = "综合执法队", "应急办", "司法所", "民政办"
OPEN, PEACE, BUILD, PARTY = "社情信息办", "平安办", "村镇建设办", "党群服务中心"

MAJORS: tuple[tuple[str, str, str, tuple[Minor, ...]], ...] = (
    ("社情民意", "Public opinion", OPEN, (
        Minor("意见建议", "Opinions and suggestions", OPEN, 5, D, RESIDENT, 5, "flat", "office", ("居民建议在楼前增设休息座椅", "居民建议延长活动室开放时间")),
        Minor("居民诉求", "Requests of residents", OPEN, 3, D, RESIDENT, 7, "flat", "office", ("居民询问小区改造的时间安排", "居民希望增加公交班次")),
        Minor("舆情信息", "Talk of the town", OPEN, 2, H, FILE, 1.5, "flat", "evening", ("居民群内有不实传言，已说明情况", "短视频反映路面问题，已核实")),
        Minor("满意度回访", "Satisfaction call-backs", OPEN, 5, D, FILE, 3, "flat", "office", ("回访上月办结事项，居民表示满意", "回访发现仍有遗留，再次登记")),
        Minor("好人好事", "Good deeds", PARTY, 5, D, FILE, 2, "flat", "day", ("志愿者为邻里义务修理水龙头", "居民拾得钥匙交网格员招领")),
    )),
    ("政策法规", "Policies and regulations", LAW, (
        Minor("政策宣传", "Policy information", PARTY, 3, D, FILE, 5, "flat", "office", ("入户宣传医保缴费政策", "发放反诈宣传材料")),
        Minor("政策咨询", "Questions on policy", CIVIL, 1, D, RESIDENT, 6, "flat", "office", ("咨询高龄补贴申领条件", "咨询居住证办理流程")),
        Minor("法律援助", "Legal aid", LAW, 3, D, FILE, 1.5, "flat", "office", ("申请劳动报酬法律援助", "咨询房屋租赁合同问题")),
        Minor("惠民资金核查", "Checks of benefits", CIVIL, 10, D, FILE, 1.5, "winter", "office", ("核查低保家庭情况变化", "核查取暖补贴发放名单")),
        Minor("征兵与退役军人服务", "Conscription and veterans", "武装部", 5, D, FILE, 1, "summer", "office", ("登记适龄青年应征意向", "为退役军人更新信息")),
    )),
    ("城乡管理", "Urban and rural management", URBAN, (
        Minor("暴露垃圾", "Exposed rubbish", URBAN, 4, H, PHOTO, 13, "summer", "morning", ("路边有成堆生活垃圾未清", "垃圾箱满溢，袋装垃圾落地")),
        Minor("占道经营", "Trading on the road", URBAN, 2, H, PHOTO, 8, "summer", "evening", ("流动摊贩占用人行道", "店外摆放货架影响通行")),
        Minor("乱堆乱放", "Things piled up", URBAN, 1, D, PHOTO, 8, "flat", "day", ("楼道口堆放旧家具", "巷口堆放建筑材料")),
        Minor("私搭乱建", "Unlawful building", URBAN, 10, D, PHOTO, 3, "spring", "office", ("院内搭建彩钢棚", "占用绿地搭建小屋")),
        Minor("乱贴小广告", "Illegal posters", URBAN, 1, D, PHOTO, 5, "flat", "day", ("单元门上张贴小广告", "灯杆上喷涂广告")),
        Minor("积雪结冰", "Snow and ice", URBAN, 4, H, PHOTO, 5, "snow", "morning", ("坡道结冰，行人易滑倒", "背街小巷积雪未清")),
        Minor("犬只管理", "Dogs", PEACE, 1, D, PHOTO, 4, "summer", "evening", ("居民遛犬未牵绳", "有流浪犬在院内活动")),
    )),
    ("市政设施", "Public facilities", BUILD, (
        Minor("道路破损", "Broken roads", BUILD, 5, D, PHOTO, 6, "spring", "day", ("路面有坑，雨后积水", "人行道地砖松动")),
        Minor("井盖缺损", "Missing manhole covers", BUILD, 4, H, PHOTO, 3, "flat", "day", ("雨水井盖破裂，已设警示", "井盖松动，车辆经过有异响")),
        Minor("路灯不亮", "Street lamps out", BUILD, 2, D, PHOTO, 6, "winter", "evening", ("路灯连续两晚不亮", "路灯闪烁")),
        Minor("供水排水", "Water and drains", BUILD, 1, D, RESIDENT, 6, "rain", "day", ("下水井堵塞返水", "楼内水压低")),
        Minor("供暖保障", "Heating", BUILD, 1, D, RESIDENT, 6, "heating", "evening", ("室温偏低，请测温", "暖气管接口渗水")),
        Minor("绿化养护", "Greenery", BUILD, 5, D, PHOTO, 3, "summer", "office", ("行道树枯枝待修剪", "草坪被踩踏，需补植")),
    )),
    ("平安建设", "Peace and safety", PEACE, (
        Minor("矛盾纠纷调解", "Settling disputes", LAW, 7, D, RESIDENT, 7, "flat", "office", ("邻里因停车位发生口角", "上下楼因漏水产生纠纷")),
        Minor("治安隐患", "Security risks", "派出所", 1, D, SAFE, 3, "newyear", "evening", ("单元门禁失灵", "楼道有陌生人逐户敲门，已提醒")),
        Minor("流动人口登记", "Registering newcomers", "派出所", 3, D, FILE, 5, "spring", "office", ("出租房新增住户待登记", "租户搬离，更新信息")),
        Minor("反诈劝阻", "Warning of fraud", "派出所", 30, M, RESIDENT, 2, "flat", "day", ("居民接到可疑来电，已劝阻", "提醒老人不购买高价保健品")),
        Minor("重点人群走访", "Visits to persons in need of care", PEACE, 5, D, FILE, 3, "flat", "office", ("按计划走访，情况正常", "走访时家中无人，改日再访")),
    )),
    ("安全隐患", "Hazards", SAFETY, (
        Minor("消防通道堵塞", "Blocked fire lanes", SAFETY, 2, H, SAFE, 5, "newyear", "evening", ("私家车停在消防通道", "楼梯间停放电动车")),
        Minor("违规充电", "Unsafe charging", SAFETY, 4, H, SAFE, 5, "summer", "evening", ("飞线给电动车充电", "楼道内充电，已劝离")),
        Minor("燃气安全", "Gas safety", SAFETY, 2, H, SAFE, 3, "heating", "day", ("液化气软管老化，需更换", "商户气瓶未分间存放")),
        Minor("房屋安全", "Unsafe houses", BUILD, 3, D, SAFE, 2, "rain", "day", ("老屋外墙瓷砖脱落", "院墙倾斜，已拉警戒线")),
        Minor("防汛排涝", "Flood protection", SAFETY, 2, H, SAFE, 3, "rain", "any", ("低洼院落积水", "河滨路护栏边积水，已巡查")),
        Minor("烟花爆竹", "Fireworks", SAFETY, 2, H, SAFE, 2, "newyear", "evening", ("禁放区有人燃放，已劝止", "清理燃放后的残留物")),
    )),
    ("民生服务", "Services for residents", CIVIL, (
        Minor("独居老人关爱", "Care of elderly living alone", CIVIL, 1, D, RESIDENT, 8, "winter", "morning", ("例行敲门问候，老人状态良好", "为独居老人代买米面")),
        Minor("残疾人帮扶", "Help for the disabled", CIVIL, 3, D, RESIDENT, 3, "flat", "office", ("协助申请辅具", "帮助办理残疾证换发")),
        Minor("困难救助", "Relief", CIVIL, 10, D, FILE, 3, "winter", "office", ("家庭收入下降，申请临时救助", "协助提交低保材料")),
        Minor("就业服务", "Jobs", CIVIL, 5, D, FILE, 2, "spring", "office", ("登记求职意向", "推送招聘会信息")),
        Minor("代办跑腿", "Errands", PARTY, 2, D, RESIDENT, 5, "flat", "office", ("代办社保资格认证", "代缴有线电视费")),
    )),
    ("生态环境", "Environment", "生态环境办", (
        Minor("秸秆垃圾焚烧", "Burning of straw and rubbish", "生态环境办", 1, H, PHOTO, 3, "autumn", "day", ("地边焚烧秸秆，已扑灭", "院内焚烧树叶")),
        Minor("噪声扰民", "Noise", URBAN, 2, H, RESIDENT, 6, "summer", "evening", ("广场音响音量过大", "午休时段装修施工")),
        Minor("河道保洁", "Clean river", "生态环境办", 1, D, PHOTO, 3, "summer", "day", ("河边有漂浮垃圾", "排口附近水体有异味")),
    )),
)  # fmt: skip


def matter_code(major: int, minor: int = 0) -> str:
    """ "03" of a major item, "0307" of a minor one; both count from 1."""
    return f"{major:02d}{minor:02d}" if minor else f"{major:02d}"


def minors() -> dict[str, Minor]:
    """Minor items by code, in order."""
    return {
        matter_code(a, b): minor
        for a, (_, _, _, items) in enumerate(MAJORS, start=1)
        for b, minor in enumerate(items, start=1)
    }


# Items that the township itself decides on, and those for which the cadre of the section answers.
TOWNSHIP_DECIDES = {"私搭乱建", "惠民资金核查", "征兵与退役军人服务", "困难救助", "房屋安全"}
SECTION_DECIDES = {"矛盾纠纷调解", "舆情信息", "重点人群走访", "防汛排涝"}
# Reports of one thing lie so many metres and hours apart at most, where the usual 50 m and 72 h
# would be wrong: noise and smoke are heard and seen from afar, a blocked drain floods a street.
SAME_THING = {
    "积雪结冰": (150, 24), "噪声扰民": (100, 12), "供水排水": (200, 24), "供暖保障": (300, 48),
    "路灯不亮": (80, 120), "秸秆垃圾焚烧": (200, 6), "防汛排涝": (200, 12), "烟花爆竹": (150, 6),
    "消防通道堵塞": (30, 24), "井盖缺损": (20, 72), "私搭乱建": (40, 720), "占道经营": (60, 12),
}  # fmt: skip
SKILLS = {"派出所": "派出所", LAW: "司法所", CIVIL: "居委会"}
FILING = {
    PHOTO: "地点明确，现场情况与照片相符，且不属于私人产权内部事务",
    RESIDENT: "报事人可联系，诉求具体，且未在办理之中",
    FILE: "内容属实，材料齐全",
    SAFE: "存在可能造成人身或财产损害的现实隐患",
}
QUICK = ("10 working_minutes", "20 working_minutes", "2 working_hours")
USUAL = ("30 working_minutes", "1 working_hours", "1 working_days")


def duties(m: Minor) -> dict[str, str]:
    """Who decides, acts and is told; the limit of each step; what must be there to file."""
    if m.name in TOWNSHIP_DECIDES or m.rule == SAFE:
        decider = "township"
    elif m.name in SECTION_DECIDES:
        decider = "section"
    else:
        decider = "grid" if m.rule == FILE else "community"
    acts = "community" if decider == "township" else "grid"
    quick = m.unit == M or (m.unit == H and m.limit <= 2)
    file, dispatch, check = QUICK if quick else USUAL
    metres, hours = SAME_THING.get(m.name, ("", ""))
    return {
        "filing_rule": FILING[m.rule],
        "decider": decider,
        "acts": acts,
        "informs": {"township": "section;community", "section": "township;community"}.get(
            decider, "section"
        ),
        "file_limit": file,
        "dispatch_limit": dispatch,
        "handle_limit": f"{m.limit:g} {m.unit}",
        "check_limit": check,
        "answer_limit": "1 working_days" if m.rule == RESIDENT else "",
        "asks_photo": "yes" if m.rule == PHOTO else "no",
        "duplicate_m": str(metres),
        "duplicate_h": str(hours),
        "skills": SKILLS.get(m.office, ""),
    }


def matters_table() -> pd.DataFrame:
    """The rows of matters.csv, each major item before its minor ones."""
    rows: list[dict[str, str]] = []
    for a, (name, name_en, office, items) in enumerate(MAJORS, start=1):
        rows.append({"code": matter_code(a), "name": name, "name_en": name_en, "office": office})
        rows += [
            {
                "code": matter_code(a, b),
                "parent": matter_code(a),
                "name": m.name,
                "name_en": m.name_en,
                "office": m.office,
                "time_limit": f"{m.limit:g}",
                "limit_unit": m.unit,
                "closing_rule": m.rule,
                **duties(m),
            }
            for b, m in enumerate(items, start=1)
        ]
    columns = ["code", "parent", *[c for c in rows[1] if c not in ("code", "parent")]]
    return pd.DataFrame(rows, columns=columns).fillna("")
