"""What the running studio has: its database, its secret, and where it is."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Request

from plumbline.core import atomic
from plumbline.feedback.collecting.database import Database

if TYPE_CHECKING:
    from plumbline.web.studio.models import Models

KEY = "studio.key"


class Recent:
    """Counts over whole projects, which many ask for and which may be some seconds old."""

    MOST = 1000

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, seconds: float, count: Callable[[], Any]) -> Any:
        """What was counted under this key not longer ago, else what `count` says now."""
        now = time.monotonic()
        with self._lock:
            then, value = self._kept.get(key, (float("-inf"), None))
        if now - then < seconds:
            return value
        value = count()
        with self._lock:
            if len(self._kept) >= self.MOST:
                self._kept.clear()
            self._kept[key] = now, value
        return value


@dataclass(frozen=True)
class Studio:
    """secret: signs cookies and forms; folder: the store's root; public: the address shown; models:
    those that write for it, if any."""

    database: Database
    secret: bytes
    folder: Path
    public: str
    recent: Recent = field(default_factory=Recent)
    models: Models | None = None

    @property
    def encrypted(self) -> bool:
        """Whether browsers reach it by TLS only."""
        return self.public.startswith("https://")


def studio_of(request: Request) -> Studio:
    """The studio that a request came to."""
    found: Studio = request.app.state.studio
    return found


def secret_in(folder: Path) -> bytes:
    """The secret of a store: 256 random bits in a file that its owner alone reads, made once."""
    place = folder / KEY
    folder.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        temp = atomic.temp_beside(place)
        handle = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(secrets.token_bytes(32))
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(temp, place)  # unlike a rename it never replaces another process's
        except FileExistsError:
            pass
        finally:
            temp.unlink()
    return place.read_bytes()
