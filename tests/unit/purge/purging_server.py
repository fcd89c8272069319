"""A small server with one unused cache, for purging it step by step."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.model.finding import Finding, Outcome
from dokku_cache.model.location import TRASH_PREFIX
from dokku_cache.model.state import Initiator, Request
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.purger import Purger
from dokku_cache.survey.surveyor import Surveyor

from ..small_server import LONG_AGO, SmallServer

TRASH = f"{TRASH_PREFIX}0123456789abcdef"
MANUAL, AUTOMATIC = Request(Initiator.MANUAL, is_named=True), Request(Initiator.CRON, auto_purge=True)


class Server(SmallServer):
    """A server with an app and its unused cache, and the steps of a purge, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.happened: list[str] = []
        #: Called while the cache is scanned.
        self.meanwhile: Callable[[], object] = lambda: None
        self.set_version("0.38.27")
        self.create("shop")
        self.build("shop", is_recent=False, is_foreign=False, is_deep=False)
        self.app = self.cache("shop").parent

    @property
    def engine(self) -> Engine:
        engine = Engine("")
        engine._api = self.docker
        return engine

    def find(self, app: str = "shop") -> Finding:
        return Surveyor(self.environment, self.engine).survey([app])[0]

    def purge(self, planned: Finding, request: Request = MANUAL) -> Outcome | None:
        server = self

        class Watching(Watcher):
            def measuring(self, app: str) -> Any:
                server.happened.append("measuring")
                server.meanwhile()
                return super().measuring(app)

        return Purger(self.environment, self.engine, Watching(Console(is_quiet=True)), request).purge(planned)

    def make_trash(self, age: int = LONG_AGO) -> Path:
        """Make trash, as an interrupted purge leaves it."""
        trash = self.app / TRASH
        (trash / "rest").mkdir(parents=True)
        os.utime(trash, (age, age))
        return trash

    def let_helper_fail(self, error: BaseException, before: Callable[[], object] = lambda: None) -> None:
        def delete(*_: object) -> None:
            before()
            raise error

        self.patch.setattr(Helper, "delete", delete)

    @property
    def there(self) -> list[str]:
        return sorted(os.listdir(self.app))

    def is_whole(self) -> bool:
        return (self.cache("shop") / "buildcache/file").read_text() == "x"
