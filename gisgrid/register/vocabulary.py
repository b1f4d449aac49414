"""Words that mean the same: allowed values and headers, in English and Chinese.

Headers are compared after ``columns.plain``; the canonical name always counts as well.
"""

from __future__ import annotations

CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "level": {
        "county": ("district", "县", "县区", "区县", "区", "縣", "區", "县级", "市辖区"),
        "township": ("town", "subdistrict", "street", "乡镇", "街道", "镇", "乡", "鄉鎮", "乡级"),
        "community": ("village", "neighborhood", "neighbourhood", "社区", "村", "社區", "村社区",
                      "村社", "行政村", "里", "村级", "居委会", "村委会"),
    },
    "kind": {
        "basic": ("基础网格", "基础", "基本网格", "一般网格", "基礎網格", "基礎"),
        "exclusive": ("专属网格", "专属", "专业网格", "專屬網格", "專屬"),
    },
    "sex": {
        "f": ("female", "woman", "女", "女性", "2"),
        "m": ("male", "man", "男", "男性", "1"),
    },
    "role": {
        "leader": ("gridleader", "gridchief", "网格长", "網格長"),
        "worker": ("gridworker", "gridman", "member", "网格员", "專職網格員", "专职网格员", "兼职网格员", "網格員"),
        "sinking_force": ("下沉力量", "下沉干部", "下沉人员", "下沉幹部"),
        "social_force": ("社会力量", "社會力量", "志愿者", "volunteer"),
    },
    "station_kind": {
        "township": ("乡镇中心", "镇级", "街道中心", "便民服务中心"),
        "community": ("社区服务站", "社区级", "村级服务站"),
        "residents": ("居民服务点", "居民级", "小区服务点"),
        "team_post": ("网格服务点", "网格驿站", "网格工作站"),
    },
    "training_kind": {
        "training": ("course", "培训", "业务培训", "集中培训", "培訓"),
        "study_tour": ("studytour", "tour", "考察", "考察学习", "外出学习", "參訪"),
        "meeting": ("例会", "会议", "工作会议", "會議"),
    },
    "duty_level": {
        "residents": ("resident", "居民", "居民级"),
        "grid": ("网格", "网格级", "网格长"),
        "community": ("社区", "村", "村社区", "社区级"),
        "section": ("sectioncadre", "科级干部", "包片干部", "片区", "科级"),
        "township": ("乡镇", "街道", "镇", "乡镇街道", "镇政府", "乡镇级"),
    },
    "yes_no": {
        "yes": ("y", "true", "1", "是", "要", "需要"),
        "no": ("n", "false", "0", "否", "不", "不需要"),
    },
    "limit_unit": {
        "working_minutes": ("workingminute", "minutes", "minute", "分钟", "工作分钟", "分鐘"),
        "working_hours": ("workinghour", "hours", "hour", "小时", "工作小时", "工作时", "小時", "工作時"),
        "working_days": ("workingday", "days", "day", "天", "日", "工作日", "个工作日"),
    },
    "needs": {
        "living_alone": ("独居老人", "独居", "空巢老人", "空巢", "獨居老人", "獨居"),
        "disabled": ("残疾人", "残疾", "残障", "身心障礙", "殘疾"),
        "child_alone": ("留守儿童", "困境儿童", "留守兒童"),
        "chronic_illness": ("慢性病", "慢病", "慢性病患者", "长期患病"),
        "low_income": ("低保", "低保户", "低收入", "困难户", "低保戶"),
    },
}  # fmt: skip
"""Vocabulary → canonical value → its synonyms, in the spelling of ``columns.plain``."""

HEADERS: dict[str, tuple[str, ...]] = {
    "acts": ("处置层级", "承办层级", "办理层级"),
    "address": ("location", "fulladdress", "streetaddress", "地址", "详细地址", "房屋地址", "门牌地址",
                "标准地址", "住址", "案件地址", "事发地址", "事发地点", "查報地點", "查报地点", "地點", "地点",
                "門牌地址", "詳細地址"),
    "answer_limit": ("answerlimit", "答复时限"),
    "asks_photo": ("asksphoto", "需要照片", "处置后照片"),
    "birth_date": ("birthdate", "birthday", "dateofbirth", "dob", "出生日期", "出生年月日", "生日"),
    "body": ("organisation", "organization", "employer", "单位", "派出单位", "所属单位", "工作单位", "單位"),
    "check_limit": ("checklimit", "核查时限"),
    "citizen_id": ("citizenid", "idnumber", "idcard", "idno", "身份证号", "身份证号码", "身份证",
                   "公民身份号码", "证件号码", "身分證字號", "身份證號"),
    "closed_at": ("closedat", "closeddt", "closed", "closeddate", "closetime", "办结时间", "结案时间",
                  "完成时间", "结束时间", "結案時間", "結案日期"),
    "closing_rule": ("closingrule", "结案标准", "结案条件", "办结标准", "結案標準"),
    "community": ("village", "neighborhood", "neighbourhood", "社区", "所属社区", "社区名称", "村社区",
                  "村", "所属村", "社區", "所屬社區", "里"),
    "course": ("topic", "培训内容", "课程", "课程名称", "培训主题", "主题", "課程"),
    "document": ("documentcode", "文件编号", "文件编码", "文件"),
    "consent": ("同意", "批准文号", "同意文号"),
    "decider": ("decides", "决定层级", "决策层级"),
    "dispatch_limit": ("dispatchlimit", "派遣时限"),
    "due_at": ("dueat", "duedate", "targetdt", "deadline", "截止时间", "办理期限", "处置截止时间", "限办时间"),
    "expires_on": ("expires", "validuntil", "有效期至", "到期日期", "失效日期"),
    "duplicate_h": ("duplicateh", "重复小时"),
    "duplicate_m": ("duplicatem", "重复距离米", "重复半径"),
    "file_limit": ("filelimit", "立案时限"),
    "filing_rule": ("filingrule", "立案条件", "立案标准"),
    "geocoded": ("geocodedlocation", "定位结果", "坐标", "定位", "經緯度", "经纬度"),
    "grid": ("gridcode", "网格编码", "网格编号", "所属网格", "网格", "責任網格", "责任网格", "網格編碼"),
    "held_on": ("heldon", "date", "培训日期", "举办日期", "日期", "時間"),
    "hours": ("学时", "课时", "时长", "學時"),
    "handle_limit": ("handlelimit", "处置环节时限"),
    "host": ("hostbody", "hostorganisation", "hostorganization", "主体单位", "依托单位", "所属主体", "责任单位"),
    "house": ("housecode", "房屋编码", "房屋编号", "所属房屋", "房屋代码", "房屋編碼"),
    "household": ("householdcode", "户编码", "户编号", "户号", "所属户", "家庭编号", "戶號", "戶編碼"),
    "informs": ("知会层级", "告知层级"),
    "kind": ("gridkind", "gridtype", "网格类型", "网格类别", "類型", "类型", "網格類型"),
    "lat": ("latitude", "纬度", "緯度", "gpslat", "坐标y", "y坐标", "y"),
    "level": ("arealevel", "层级", "级别", "区划级别", "層級"),
    "limit_unit": ("limitunit", "时限单位", "期限单位", "時限單位"),
    "lon": ("longitude", "lng", "long", "经度", "經度", "gpslon", "gpslng", "坐标x", "x坐标", "x"),
    "matter": ("mattercode", "type", "category", "servicecode", "事项", "事项编码", "事项名称", "派工項目",
               "案件类型", "事件类型", "問題類別", "問題類型"),
    "name": ("姓名", "名称", "名字", "名稱"),
    "name_en": ("nameen", "englishname", "英文名", "英文名称", "英文名稱"),
    "needs": ("specialneeds", "特殊需求", "重点人群", "特殊人群", "人群类别", "帮扶类别", "特殊群體"),
    "office": ("department", "responsibleoffice", "责任部门", "主管部门", "承办部门", "牵头部门", "權責機關"),
    "parent": ("parentcode", "上级", "上级编码", "上级区划", "上级代码", "大项", "大类", "所属大类", "上級"),
    "phone": ("telephone", "mobile", "tel", "电话", "手机", "手机号", "手机号码", "联系电话", "联系方式", "電話"),
    "read_at": ("readat", "阅读时间", "签收时间"),
    "reported_at": ("reportedat", "opendt", "opened", "openedat", "date", "created", "createdat",
                    "requesteddatetime", "上报时间", "发生时间", "受理时间", "立案时间", "立案日期",
                    "上報時間", "报告时间"),
    "reported_time": ("opentime", "立案時間", "上报时刻", "時間"),
    "visited_on": ("visitdate", "date", "走访日期", "入户日期", "探访日期"),
    "role": ("职务", "角色", "岗位", "身份", "職務"),
    "room": ("roomnumber", "unit", "flat", "房号", "室", "室号", "门牌", "房號"),
    "sex": ("gender", "性别", "性別"),
    "since": ("from", "start", "startdate", "开始日期", "起始日期", "任职日期", "到岗日期", "開始日期"),
    "skills": ("技能", "所需力量", "所需技能"),
    "source": ("channel", "来源", "事件来源", "上报渠道", "來源"),
    "text": ("description", "描述", "内容", "事件描述", "问题描述", "詳情", "内容描述"),
    "time_limit": ("timelimit", "时限", "办理时限", "处置时限", "時限"),
    "until": ("to", "end", "enddate", "结束日期", "终止日期", "离岗日期", "結束日期"),
    "version": ("版本", "版次"),
    "verified_on": ("verifiedon", "verified", "核实日期", "走访日期", "核查日期", "最近核实", "核實日期"),
}  # fmt: skip
"""Canonical column → headers that mean it whatever the kind of file."""

CODE_HEADERS: dict[str, tuple[str, ...]] = {
    "areas": ("areacode", "区划代码", "行政区划代码", "区划编码", "统计用区划代码"),
    "streets": ("streetcode", "道路编码", "街路编码", "路段编码"),
    "grids": ("gridcode", "网格编码", "网格编号", "网格代码", "網格編碼"),
    "houses": ("housecode", "房屋编码", "房屋编号", "房屋代码", "propertyid", "buildingid", "房屋編碼", "门牌编码"),
    "households": ("householdcode", "户编码", "户编号", "户号", "家庭编号", "戶號", "戶編碼"),
    "residents": ("residentcode", "人员编号", "人员编码", "居民编号", "居民编码", "人員編號"),
    "staff": ("staffcode", "人员编号", "人员编码", "工号", "网格员编号", "人員編號", "工號"),
    "matters": ("mattercode", "事项编码", "事项编号", "事项代码"),
    "events": ("eventcode", "caseid", "caseenquiryid", "servicerequestid", "事件编号", "事件编码", "案件编号",
               "案件編號", "工单编号"),
    "visits": ("visitcode", "走访编号", "走访编码", "入户编号"),
    "trainings": ("trainingcode", "培训编号", "培训编码", "课程编号"),
    "stations": ("stationcode", "站点编码", "服务站编码", "服务点编号"),
}  # fmt: skip
"""Kind → headers that mean its ``code``; any kind also takes 编码, 编号, 代码, id."""

NAME_HEADERS: dict[str, tuple[str, ...]] = {
    "areas": ("区划名称", "社区名称", "行政区划名称"),
    "streets": ("streetname", "道路名称", "街路名称", "路名"),
    "grids": ("gridname", "网格名称", "網格名稱"),
    "residents": ("居民姓名", "人员姓名"),
    "staff": ("网格员姓名", "人员姓名"),
    "matters": ("mattername", "事项名称", "事项"),
}
"""Kind → headers that mean its ``name``."""
