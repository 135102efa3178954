"""What people said in the studio, as data: `ref:NAME` of a project is what stands in it now,
and `ref:NAME@GROUP` what people of one group said: where groups differ, a mean is nobody's.

The judgements are written into the store as an artifact of their own, by content, and the project's
name is given to it. So a training run names exactly what it was trained on, and goes on being that
when people judge more. The studio's database is `PLUMBLINE_STUDIO`, else the one in the store.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plumbline.core.errors import UserError
from plumbline.core.ids import digest_file
from plumbline.data import write
from plumbline.feedback.collecting import database, projects, reading
from plumbline.feedback.collecting.database import Database
from plumbline.stages.files import DATA, data_file
from plumbline.store import Store, artifact_id
from plumbline.store.record import Output

STUDIO = "PLUMBLINE_STUDIO"
"""Environment variable with the URL of the studio's database."""
STAGE, VERSION = "collected", 1


def url_of(home: Store) -> str:
    """Where the studio's database of a store is."""
    return os.environ.get(STUDIO) or database.at(home.root)


def data_path(data: str, home: Store) -> str:
    """The file behind DATA; of a ref's folder, its data file; of a project in the studio, what
    people have said so far."""
    if not data.startswith("ref:"):
        return data
    return str(data_file(home.path(taken(home, data.removeprefix("ref:")) or data)))


@contextmanager
def studio(home: Store) -> Iterator[Database]:
    """The studio's database, made where there is none yet, and closed again."""
    found = Database(url_of(home))
    try:
        yield found
    finally:
        found.close()


def taken(home: Store, name: str) -> str | None:
    """The artifact of what stands in the project of that name (of its people of a group, behind an
    @), made now where it is new; None where no studio has such a project. UserError where nobody
    has judged, or the name means another artifact too."""
    project, _, group = name.partition("@")
    if not os.environ.get(STUDIO) and not (home.root / database.FILE).is_file():
        return None
    with studio(home) as db, db.read() as at:
        found = projects.find(at, project)
        if found is None:
            return None
        with tempfile.TemporaryDirectory(dir=home.root) as folder:
            said = reading.said(at, found)
            own = (one for one in said if group in ("", one.provenance.judge.group))
            if not write(Path(folder) / DATA, own):
                who = f"nobody of the group {group!r}" if group else "nobody"
                raise UserError(
                    f"{who} has judged in this project yet",
                    where=f"ref:{name}",
                    fix="plumbline studio, and its page of the project",
                )
            return _kept(home, name.replace("@", "."), Path(folder))


def _kept(home: Store, name: str, folder: Path) -> str:
    before = home.refs().get(name)
    if before is not None and home.record(before).stage != STAGE:
        raise UserError(
            "both a project of the studio and another artifact have this name",
            where=f"ref:{name}",
            fix="make the project under another name, or the artifact",
        )
    config = {"project": name, "content": digest_file(folder / DATA)}
    artifact = artifact_id(STAGE, VERSION, config, {})
    if not home.usable(artifact):
        made = home.new_record(STAGE, VERSION, config, {}, Output(tree=""), kind="data", label=name)
        home.commit(made, folder)
    home.set_ref(name, artifact)
    return artifact
