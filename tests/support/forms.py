"""What a page holds in its forms, and what it complains of."""

from __future__ import annotations

import html
import re


def form_of(page: str, ending: str) -> dict[str, str]:
    """The fields of the form that is sent to an address of this ending."""
    body = re.findall(rf'<form [^>]*action="[^"]*{ending}[^"]*".*?</form>', page, re.DOTALL)[0]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", body):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name, area in re.findall(
        r'<textarea [^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', body, re.DOTALL
    ):
        found[name] = html.unescape(area)
    for name, options in re.findall(
        r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', body, re.DOTALL
    ):
        found[name] = (
            re.findall(r'value="([^"]*)" selected', options)
            or re.findall(r'value="([^"]*)"', options)
        )[0]
    return found


def alert(page: str) -> str:
    """What the page says first is wrong."""
    return html.unescape(re.findall(r'role="alert">([^<]+)<', page)[0])
