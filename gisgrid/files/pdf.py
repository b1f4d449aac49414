"""HTML to PDF through a Chromium on this machine, with the network cut."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from gisgrid.core.errors import StoreUnavailable

NAMES = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
)  # fmt: skip
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer",
)  # fmt: skip
LIMIT_S = 60


class NoPrinter(StoreUnavailable):
    """No Chromium on this machine makes a PDF."""


def as_pdf(html: str, *, limit_s: int = LIMIT_S, tagged: bool = True) -> bytes:
    """A page of ours as PDF; with the fonts of this machine embedded, each cut to the letters that stand there.

    Parameters
    ----------
    tagged
        Whether what reads aloud finds headings and tables in it; paper needs none, and is half as large without.

    Raises
    ------
    NoPrinter
        There is no Chromium, or it does not answer within ``limit_s``.
    """
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        raise _none()
    with tempfile.TemporaryDirectory(prefix="gg") as folder:
        page, file = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(html, encoding="utf-8")
        try:
            subprocess.run(
                [program, *OPTIONS, *(() if tagged else ("--disable-pdf-tagging",)), f"--user-data-dir={folder}/profile", f"--print-to-pdf={file}",
                 page.as_uri()],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=limit_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise _none() from None
        if not file.exists():
            raise _none()
        return file.read_bytes()


def _none() -> NoPrinter:
    return NoPrinter(
        "This server has no Chromium that makes a PDF; open the page and print it in the browser."
    )
