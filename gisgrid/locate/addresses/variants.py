"""Tables of variants of writing in addresses: data, no rules.

Characters: traditional and other variants stand under the simplified character they are read as.
Words: what an address may call a thing, and the one word for it.
"""

from __future__ import annotations

# Simplified character: the others that are read as it.
_SAME = """
台:臺檯 里:裡裏 市:巿 绣:綉繡 峰:峯 群:羣 号:號 区:區 县:縣 乡:鄉 镇:鎮 邻:鄰隣 东:東 车:車
门:門 间:間 闸:閘 园:園 圆:圓 国:國囯 图:圖 团:團糰 广:廣 庆:慶 庄:莊 应:應 庙:廟 废:廢
庐:廬 兴:興 义:義 乐:樂 习:習 书:書 买:買 云:雲 亚:亞 产:產 亲:親 亿:億 从:從 仓:倉 仪:儀
价:價 众:眾衆 优:優 会:會 伟:偉 传:傳 伦:倫 体:體 余:餘 侨:僑 俭:儉 儿:兒 党:黨 兰:蘭 关:關
养:養 内:內 冈:岡 册:冊 军:軍 农:農 冯:馮 冲:沖衝 决:決 况:況 净:淨 凉:涼 凤:鳳 凯:凱 击:擊
创:創 刘:劉 则:則 刚:剛 别:別 剑:劍 办:辦 务:務 动:動 励:勵 劳:勞 势:勢 勋:勛勳 匀:勻 华:華
协:協 单:單 卖:賣 卢:盧 卧:臥 卫:衛衞 厂:廠厰 厅:廳 历:歷曆 厉:厲 压:壓 厦:廈 参:參 双:雙
发:發髮 变:變 叠:疊 叶:葉 吕:呂 吴:吳 启:啟啓 员:員 响:響 啸:嘯 围:圍 圣:聖 场:場塲 块:塊
坚:堅 坛:壇罈 坝:壩 坟:墳 坞:塢 垒:壘 垦:墾 墙:牆墻 备:備 复:復複 头:頭 夹:夾 奋:奮 奖:獎
妇:婦 娄:婁 学:學 宁:寧甯 宝:寶寳 实:實 宫:宮 宽:寬 宾:賓 对:對 寻:尋 导:導 寿:壽 将:將
尔:爾 尝:嘗 层:層 属:屬 屿:嶼 岁:歲 岗:崗 岚:嵐 岛:島 岭:嶺 峡:峽 师:師 帅:帥 带:帶 帮:幫
干:幹乾 并:並併 库:庫 开:開 异:異 张:張 弯:彎 弹:彈 强:強 归:歸 录:錄 彦:彥 彻:徹 径:徑逕
徕:徠 忆:憶 志:誌 怀:懷 总:總 恒:恆 恳:懇 恶:惡 悦:悅 惯:慣 愿:願 戏:戲 战:戰 户:戶戸 扩:擴
扬:揚 抚:撫 护:護 报:報 担:擔 拥:擁 择:擇 挂:掛 挥:揮 换:換 据:據 摆:擺 攒:攢 敌:敵 数:數
斋:齋 断:斷 无:無 旧:舊 时:時 旷:曠 昆:崑崐 显:顯 晋:晉 晓:曉 晔:曄 暂:暫 术:術 机:機 杂:雜
权:權 条:條 来:來 杨:楊 杰:傑 极:極 构:構 枣:棗 枫:楓 柜:櫃 标:標 栈:棧 栋:棟 树:樹 样:樣
桥:橋 桦:樺 档:檔 检:檢 楼:樓 横:橫 樱:櫻 欢:歡 欧:歐 毕:畢 气:氣 汇:匯彙 汉:漢 汤:湯 沟:溝
沣:灃 沪:滬 沈:瀋 泸:瀘 泺:濼 泽:澤 泾:涇 洁:潔 洒:灑 浅:淺 测:測 济:濟 浏:瀏 浑:渾 浓:濃
涛:濤 涝:澇 润:潤 涧:澗 涨:漲 渊:淵 渔:漁 湾:灣 温:溫 湿:濕溼 满:滿 滨:濱 滩:灘 潜:潛 澜:瀾
灵:靈 灯:燈 炼:煉 炉:爐 点:點 炽:熾 烧:燒 热:熱 焕:煥 爱:愛 爷:爺 牵:牽 犹:猶 独:獨 狮:獅
猎:獵 献:獻 环:環 现:現 玺:璽 珑:瓏 琼:瓊 电:電 画:畫 畅:暢 疗:療 盐:鹽 监:監 盖:蓋 盘:盤
眷:睠 矿:礦鑛 码:碼 砖:磚 础:礎 确:確 礼:禮 祯:禎 祷:禱 禄:祿 离:離 种:種 积:積 稳:穩 穷:窮
窑:窯窰 竞:競 笃:篤 笔:筆 筑:築 简:簡 篮:籃 粮:糧 紧:緊 红:紅 纪:紀 纫:紉 纬:緯 纯:純 纱:紗
纳:納 纵:縱 纸:紙 纺:紡 线:線綫 练:練 组:組 细:細 织:織 终:終 绍:紹 经:經 结:結 给:給 绝:絕
统:統 绥:綏 继:繼 绩:績 续:續 绵:綿緜 绸:綢 维:維 绿:綠 缆:纜 缘:緣 编:編 缝:縫 网:網 罗:羅
联:聯 职:職 肃:肅 肠:腸 胜:勝 脉:脈 脚:腳 腾:騰 舰:艦 艺:藝 节:節 芦:蘆 苏:蘇 苹:蘋 范:範
荐:薦 荣:榮 药:藥 莲:蓮 获:獲 莹:瑩 莺:鶯 萝:蘿 萧:蕭 营:營 萨:薩 蒋:蔣 蓝:藍 蔷:薔 虑:慮
虚:虛 虽:雖 虾:蝦 蚁:蟻 蚕:蠶 补:補 衬:襯 装:裝 见:見 观:觀 规:規 觅:覓 视:視 览:覽 触:觸
誉:譽 计:計 订:訂 认:認 让:讓 训:訓 议:議 记:記 讲:講 许:許 论:論 设:設 访:訪 证:證 评:評
识:識 诉:訴 词:詞 试:試 诗:詩 诚:誠 话:話 询:詢 详:詳 语:語 说:說 诸:諸 课:課 谊:誼 谋:謀
谢:謝 谦:謙 谱:譜 谷:穀 贝:貝 贞:貞 负:負 贡:貢 财:財 责:責 贤:賢 败:敗 货:貨 质:質 贩:販
购:購 贯:貫 贵:貴 贸:貿 费:費 贺:賀 资:資 赏:賞 赖:賴 赞:贊讚 赵:趙 趋:趨 跃:躍 践:踐 踪:蹤
转:轉 轮:輪 软:軟 轻:輕 载:載 辅:輔 辆:輛 辉:輝 辽:遼 达:達 迁:遷 过:過 迈:邁 运:運 还:還
这:這 进:進 远:遠 连:連 迟:遲 适:適 选:選 逊:遜 递:遞 逻:邏 遗:遺 邓:鄧 邮:郵 郑:鄭 郏:郟
酱:醬 释:釋 鉴:鑒鑑 针:針 钓:釣 钟:鐘鍾 钢:鋼 钦:欽 钱:錢 铁:鐵鉄 铃:鈴 铜:銅 铝:鋁 铭:銘
银:銀 铺:鋪舖 链:鏈鍊 锅:鍋 锋:鋒 锐:銳 锡:錫 锦:錦 键:鍵 锻:鍛 镜:鏡 长:長 闭:閉 问:問
闲:閒閑 闵:閔 闻:聞 闽:閩 阁:閣 阅:閱 阎:閻 阔:闊 队:隊 阳:陽 阴:陰 阵:陣 阶:階堦 际:際
陆:陸 陈:陳 陕:陝 险:險 随:隨 隐:隱 难:難 雏:雛 雾:霧 静:靜 韦:韋 韩:韓 韵:韻 页:頁 顶:頂
项:項 顺:順 顾:顧 颂:頌 预:預 领:領 频:頻 颐:頤 题:題 颜:顏 额:額 风:風 飞:飛 饭:飯 饮:飲
饶:饒 饰:飾 馆:館舘 马:馬 驰:馳 驱:驅 驶:駛 驻:駐 驿:驛 骄:驕 骏:駿 骑:騎 鱼:魚 鲁:魯 鲜:鮮
鸟:鳥 鸡:雞鷄 鸣:鳴 鸥:鷗 鸭:鴨 鸿:鴻 鹅:鵝 鹏:鵬 鹤:鶴 鹰:鷹 麦:麥 黄:黃 黑:黒 齐:齊 龄:齡
龙:龍 龟:龜 高:髙 弄:衖 之:の 迹:跡蹟 游:遊 郎:郞 溪:谿 粤:粵 尽:盡 当:當 处:處 与:與 于:於
个:個箇 几:幾 乌:烏 举:舉 为:為爲 丰:豐 临:臨 丽:麗 业:業 丛:叢 丝:絲 两:兩 严:嚴 丧:喪
丘:坵 后:後 厕:廁 宪:憲 审:審 尧:堯 岩:巖 床:牀 弥:彌 态:態 折:摺 扫:掃 摄:攝 洼:窪 硕:碩
祎:禕 梦:夢 梅:楳 栖:棲 柏:栢 泪:淚 仑:崙 约:約 诏:詔 萤:螢 衔:銜 周:週 升:昇陞 万:萬 声:聲
莱:萊 栅:柵 佑:祐 岳:嶽 侧:側 边:邊 须:須鬚 饼:餅 销:銷 减:減 涂:塗 沧:滄 渐:漸 浆:漿 浔:潯
灿:燦 璇:璿 愈:癒 颖:穎 致:緻 纤:纖 耸:聳 腊:臘 脏:臟髒 艳:艷豔 姜:薑 蜡:蠟 觉:覺 译:譯
读:讀 猫:貓 赠:贈 轩:軒 辕:轅 轿:轎 酿:釀 锯:鋸 锌:鋅 熔:鎔 镰:鐮 铸:鑄 阙:闕 辟:闢 陉:陘
霭:靄 类:類 验:驗 惊:驚 松:鬆 闹:鬧 郁:鬱 鱿:魷 鲤:鯉 鳌:鰲鼇 鳞:鱗 鸽:鴿 鹭:鷺 咸:鹹 碱:鹼
齿:齒 尘:塵 垫:墊 奥:奧 娇:嬌 孙:孫 寝:寢 写:寫 专:專 尸:屍 帐:帳 币:幣 厢:廂 厩:廄 厨:廚
闷:悶 忧:憂 凭:憑 悬:懸 恋:戀 卷:捲 舍:捨 采:採 拣:揀 损:損 抢:搶 摇:搖 扑:撲 拨:撥 挡:擋
挤:擠 拦:攔 摊:攤 叙:敘 斩:斬 晖:暉 晒:曬 残:殘 杀:殺 毡:氈 氢:氫 凄:淒 涡:渦 凑:湊 灭:滅
滚:滾 泼:潑 浇:澆 浊:濁 沥:瀝 烟:煙 烦:煩 烁:爍 牍:牘 狭:狹 狱:獄 兽:獸 玛:瑪 瑶:瑤 瓮:甕
亩:畝 痴:癡 盗:盜 盏:盞 困:睏 炮:砲 税:稅 称:稱 窝:窩 窃:竊 笋:筍 笼:籠 篱:籬 粪:糞 级:級
绒:絨 绳:繩 绘:繪 罚:罰 骂:罵 羡:羨 翘:翹 聪:聰 肿:腫 脑:腦 脱:脫 胶:膠 脸:臉 舱:艙 兹:茲
茎:莖 庵:菴 苇:葦 苍:蒼 葱:蔥 荫:蔭 蔺:藺 亏:虧 蜕:蛻 蚂:螞 虫:蟲 蛮:蠻 制:製 袜:襪 托:託
讨:討 诊:診 该:該 调:調 谈:談 请:請 诺:諾 谭:譚 贫:貧 贮:貯 贴:貼 贾:賈 赌:賭 轨:軌 轴:軸
较:較 输:輸 辖:轄 辞:辭 回:迴 违:違 遥:遙 邹:鄒 医:醫 丑:醜 厘:釐 扣:釦 铅:鉛 锄:鋤 表:錶
镀:鍍 锁:鎖 铲:鏟 钥:鑰 钻:鑽 闪:閃 闰:閏 阀:閥 闯:闖 陨:隕 隶:隸 只:隻 韧:韌 顿:頓 颇:頗
颗:顆 飘:飄 饲:飼 饺:餃 馒:饅 驮:馱 骆:駱 骡:騾 驴:驢 斗:鬥 鲍:鮑 鲸:鯨 鸦:鴉 鹊:鵲 面:麵
冬:鼕 庞:龐 龚:龔 峦:巒 滦:灤 榄:欖 栏:欄 橱:櫥 榈:櫚 槟:檳 槛:檻 梁:樑 枪:槍 杠:槓 弃:棄
桢:楨 杆:桿 刹:剎 划:劃 剧:劇 劲:勁 劝:勸 厌:厭 念:唸 哑:啞 乔:喬 叹:嘆 嘱:囑 坏:壞 壮:壯
壶:壺 妆:妝 侄:姪 娱:娛 妈:媽 婶:嬸 婴:嬰 崭:嶄 巅:巔 雕:彫 壳:殼 毁:毀 泛:氾 污:汙 滞:滯
渗:滲 准:準 涌:湧 争:爭 状:狀 佩:珮 琅:瑯 玑:璣 了:瞭 砚:硯 御:禦 禅:禪 秆:稈 窜:竄 笕:筧
筝:箏 签:簽籤 纹:紋 纲:綱 绮:綺 综:綜 绪:緒 缩:縮 系:繫 茧:繭 钵:缽 肾:腎 肤:膚 席:蓆 荡:蕩
芜:蕪 蚝:蠔 裤:褲 讯:訊 注:註 误:誤 谅:諒 谜:謎 竖:豎 猪:豬 账:賬 赐:賜 赛:賽 赶:趕 辈:輩
轰:轟 腌:醃 钉:釘 钮:鈕 钧:鈞 钳:鉗 铣:銑 锚:錨 镖:鏢 锣:鑼 阐:闡 沾:霑 颁:頒 颊:頰 颈:頸
颠:顛 饥:飢饑 骗:騙 骠:驃 骥:驥 鲈:鱸 鸠:鳩 鸳:鴛 鸯:鴦 鹳:鸛 卤:鹵 霉:黴 们:們 债:債 伤:傷
偿:償 凶:兇 占:佔 布:佈 伪:偽 佣:傭 仆:僕 储:儲 删:刪 却:卻
"""

# Chinese numerals, and those that multiply.
DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}
TENS = {"十": 10, "百": 100, "千": 1000}
TWENTIES = {"廿": "二十", "卅": "三十"}

# The ladder below the street: rank and the words for each rung, the first being ours.
# 楼 alone is a floor, after 号 it is a building; 栋 and 座 are 幢.
RUNGS: dict[str, tuple[int, tuple[str, ...]]] = {
    "段": (1, ("段",)),
    "巷": (2, ("巷", "胡同")),
    "弄": (3, ("弄", "衖")),
    "衖": (4, ("支弄",)),
    "号": (5, ("号", "门牌")),
    "幢": (6, ("幢", "栋", "号楼", "座", "幢楼", "栋楼")),
    "单元": (7, ("单元", "门洞", "号门", "梯")),
    "层": (8, ("层", "楼", "f")),
    "室": (9, ("室", "户", "房", "号房", "号室")),
}
# Words of the ladder above the street that carry a number.
GROUPS = ("邻", "组", "村民小组")
# Endings of names above the street, highest first.
UPPER = (
    "自治区",
    "省",
    "市",
    "区",
    "县",
    "旗",
    "街道",
    "镇",
    "乡",
    "社区",
    "居委会",
    "村委会",
    "村",
    "里",
)
DIVISIONS = ("自治区", "省", "市")
COUNTIES = ("区", "县", "市", "旗")
TOWNSHIPS = ("街道", "镇", "乡")
COMMUNITIES = ("社区", "居委会", "村委会", "村", "里")
# They end like a district and are none.
COMPOUNDS = ("小区", "园区", "校区", "厂区", "库区", "开发区", "家属区", "生活区")
# Characters that tell streets apart which are called alike otherwise.
MARKS = frozenset("东西南北中上下前后内外左右新老旧大小一二三四五六七八九十甲乙丙丁")
# Endings that make a name a street.
STREET_ENDS = ("大道", "大街", "大路", "胡同", "路", "街", "道", "巷", "弄", "径", "段", "线")

# English words of streets and the abbreviation that stands for all of them.
_ENGLISH = """
st: street str strt
ave: avenue av aven avn
rd: road
pl: place
ter: terrace terr ters
sq: square sqr
ct: court crt
dr: drive drv
hwy: highway hway
blvd: boulevard boul bvd
pkwy: parkway pky pkway
cir: circle circ
cirt: circuit
ln: lane
plz: plaza plza
whf: wharf wharves
grn: green
cres: crescent cresc
ext: extension extn
brg: bridge brdg
cswy: causeway cwy
aly: alley ally
vw: view
sta: station
mt: mount
ft: fort
park: pk prk
row:
way:
mall:
path:
walk:
vale:
lawn:
trl: trail
hts: heights
"""
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_ORDINAL_ENDS = {1: "st", 2: "nd", 3: "rd"}
DIRECTIONS = {"north": "n", "south": "s", "east": "e", "west": "w"}
# Quarters of a city as well, and the letters that stand for them.
DIRECTION_WORDS = {
    **DIRECTIONS,
    **{letter: letter for letter in (*DIRECTIONS.values(), "ne", "nw", "se", "sw")},
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
}
# English words that tell streets apart which are called alike otherwise.
MARK_WORDS = frozenset((*DIRECTION_WORDS, "new", "old", "upper", "lower", "inner", "outer"))
# Words before the number of a dwelling inside a house.
UNIT_WORDS = ("apartment", "apt", "unit", "suite", "ste", "room", "rm", "floor", "fl", "no")
STATES = frozenset({"ma", "massachusetts", "usa", "us"})


def _characters() -> dict[int, str]:
    table: dict[int, str] = {}
    for entry in _SAME.split():
        one, others = entry.split(":")
        table |= {ord(other): one for other in others if other != one}
    return table


def _words() -> dict[str, str]:
    table: dict[str, str] = {}
    for line in _ENGLISH.strip().splitlines():
        one, others = line.split(":")
        table |= dict.fromkeys([one, *others.split()], one)
    return table


CHARACTERS = _characters()
STREET_WORDS = _words()
STREET_TYPES = frozenset(STREET_WORDS.values()) - {"mt", "ft"}
ORDINALS = {
    word: f"{n}{_ORDINAL_ENDS.get(n, 'th')}" for n, word in enumerate(_ORDINALS.split(), start=1)
}
