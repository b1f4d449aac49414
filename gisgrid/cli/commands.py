"""Which commands are there, under which heading of the help, and where does each stand?

A command's module is imported when it is asked for: most of what the program can do, a call does not need.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, NamedTuple

import click

from gisgrid.core.terminal import speaks_chinese

PLUGINS = "gisgrid.commands"
"""Entry points by which a room above this one brings a command: the web brings ``serve``."""


class Known(NamedTuple):
    """A command as the help lists it."""

    name: str
    where: str
    """Module and attribute; empty: an entry point of this name."""
    en: str
    zh: str


HEADINGS: tuple[tuple[str, str, tuple[Known, ...]], ...] = (
    ("Service and store", "服务与数据库", (
        Known("serve", "", "Serve pages and API, with worker and store.", "启动网页与接口服务（含后台程序和数据库）。"),
        Known("worker", "planning:worker", "Do what pages order.", "执行页面提交的后台任务。"),
        Known("jobs", "jobs:jobs", "What was ordered of the worker.", "交给后台程序的任务。"),
        Known("demo", "demo:demo_command", "Bring in Town F, a synthetic town.", "导入虚构的演示镇 F 镇。"),
        Known("db", "database:db", "Start, stop, upgrade, back up, restore the store.", "启动、停止、升级、备份、恢复数据库。"),
    )),
    ("Register and files", "台账与文件", (
        Known("load", "loading:load", "Load a file of any kind.", "导入一个文件。"),
        Known("loads", "loads:loads_command", "List what was loaded.", "列出历次导入。"),
        Known("undo-load", "loads:undo_load_command", "Take a load back.", "撤销一次导入。"),
        Known("stale", "duties:stale_command", "List records that were not verified for long.", "列出久未核实的记录。"),
        Known("correction", "duties:correction", "Take and decide requests for correction.", "受理并决定更正申请。"),
        Known("paper", "paper:paper_command", "Print plan sheets, lists and notices.", "打印网格平面图、清单和告示。"),
        Known("summary", "planning:summary_command", "Count what a township holds.", "统计乡镇/街道总数。"),
    )),
    ("Look-up", "查询", (
        Known("locate", "counting:locate_command", "Say which grid a place is in.", "查询地点属于哪个网格。"),
        Known("address", "locating:address", "Find the house of an address.", "按地址查找房屋。"),
        Known("alias", "locating:alias", "Keep the alias book.", "维护别名簿。"),
        Known("index", "locating:index_command", "Make search keys of changed houses.", "为变更的房屋建立检索键。"),
        Known("count", "counting:count_command", "Count grid by grid under any plan.", "按任一方案逐网格计数。"),
        Known("who", "answering:who_command", "Say who answers for a house or a grid.", "查询房屋或网格的各级负责人。"),
    )),
    ("Plans", "网格方案", (
        Known("plan", "groups:plan", "List, review and publish plans.", "列出、审查、发布方案。"),
        Known("scenario", "groups:scenario", "Draw plans: branch, edit, compare, exchange.", "绘制方案：分支、编辑、比较、导入导出。"),
        Known("balance", "balancing:balance_command", "Propose the least change that balances a plan.", "提出最少变动的均衡方案。"),
        Known("coverage", "coverage:coverage_command", "Say what a plan leaves uncovered.", "检查方案的覆盖缺口。"),
        Known("workload", "coverage:workload_command", "Minutes a month that each grid asks for.", "各网格每月工作量（分钟）。"),
        Known("weights", "coverage:weights_group", "Versions of the workload weights.", "工作量权重的各个版本。"),
        Known("study", "studies:study_command", "Compute what the map shows planners.", "计算供规划人员查看的图层。"),
        Known("attach", "planning:attach_command", "Give houses and events their grid.", "为房屋和事件确定所属网格。"),
        Known("township", "planning:township_command", "Show or change settings.", "查看或修改乡镇/街道设置。"),
    )),
    ("Cases", "案件", (
        Known("case", "groups:case", "Cases, clocks, figures, emergencies.", "案件、时限、统计、应急。"),
        Known("matters", "matter_lists:matters_group", "The list of matters and its versions.", "事项清单及其版本。"),
        Known("calendar", "cases:calendar_group", "Working calendar.", "工作日历。"),
    )),
    ("People and duties", "人员与职责", (
        Known("user", "users:user", "Accounts, roles, passwords, tokens.", "账号、角色、密码、令牌。"),
        Known("document", "learning:document", "Documents and who has read them.", "文件及阅读情况。"),
        Known("training", "learning:training_group", "Training and its hours.", "培训与学时。"),
        Known("shortage", "learning:shortage_command", "Grids that lack people.", "人员不足的网格。"),
        Known("outbox", "outbox:outbox", "Messages to people and their channels.", "发给人员的消息及其渠道。"),
        Known("position", "duties:position_command", "Note where a worker is.", "记录工作人员位置。"),
    )),
    ("Personal data", "个人信息", (
        Known("fields", "duties:fields_command", "Personal columns and their purposes.", "个人信息字段及其用途。"),
        Known("audit", "auditing:audit_group", "What was opened by whom, and is it whole.", "查阅记录及其完整性。"),
        Known("subject", "duties:subject_command", "Everything held on one person.", "某人的全部信息。"),
        Known("retention", "duties:retention_command", "Delete what is past its time.", "删除超过保存期限的数据。"),
    )),
)  # fmt: skip


class Commands(click.Group):
    """The commands of the table; each is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *(known.name for known in _every())})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = super().get_command(ctx, cmd_name)
        known = next((each for each in _every() if each.name == cmd_name), None)
        if found is None and known is not None:
            found = self.commands[cmd_name] = _loaded(known)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        chinese = speaks_chinese()
        for en, zh, commands in HEADINGS:
            with formatter.section(zh if chinese else en):
                formatter.write_dl(
                    [(each.name, each.zh if chinese else each.en) for each in commands]
                )


def _every() -> list[Known]:
    return [known for *_, commands in HEADINGS for known in commands]


def _loaded(known: Known) -> click.Command:
    found: Any
    if known.where:
        module, _, name = known.where.partition(":")
        found = getattr(import_module(f"gisgrid.cli.{module}"), name)
    else:
        (point,) = entry_points(group=PLUGINS, name=known.name)
        found = point.load()
    assert isinstance(found, click.Command)  # noqa: S101 - narrows the type
    return found
