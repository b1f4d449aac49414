"""``gisgrid serve``: looks whether the service can be, and becomes the one that keeps it."""

from __future__ import annotations

import os
import sys

from gisgrid.core.errors import Invalid
from gisgrid.core.settings import Settings
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import open_web_engine, web_url
from gisgrid.people.keys import secret_key
from web.server import ports


def serve(settings: Settings, *, worker: bool | None = None) -> None:
    """Become the supervisor of the service; this program is not returned to.

    Parameters
    ----------
    worker
        Whether a worker runs beside; None: with the private cluster, another store has its own.

    Raises
    ------
    StoreUnavailable
        The store cannot be started or reached; told before anything is begun.
    Invalid
        Another program has the port, or no key was given.
    """
    ports.check(settings.host, settings.port)
    embedded = not (settings.database_url or settings.web_database_url)
    owned = embedded and not Cluster.at(settings.home).status().running
    url = web_url(settings)
    open_web_engine(url).dispose()
    with_worker = embedded if worker is None else worker
    if with_worker and not embedded and not settings.database_url:
        raise Invalid(
            "A worker enters the store as its owner: set DATABASE_URL.",
            zh="后台程序以数据库所有者身份连接，请设置 DATABASE_URL。",
        )
    environment = {
        **os.environ,
        "GISGRID_WEB_DATABASE_URL": url,
        "GISGRID_SECRET_KEY": secret_key(settings),
        "GISGRID_HOST": settings.host,
        "GISGRID_PORT": str(settings.port),
    }
    words = [
        *(
            ["store", str(settings.home.absolute()), "owned" if owned else "found"]
            if embedded
            else []
        ),
        "worker" if with_worker else "no-worker",
    ]
    # Anew and in the same process: the one that has to live longest holds nothing it does not need.
    os.execve(sys.executable, [sys.executable, "-m", "web.server.keeping", *words], environment)  # noqa: S606
