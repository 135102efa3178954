"""The application: its routes, their guard, its pages' files, and what stands around it.

FastAPI's pages of documentation are off, since their scripts come from another host.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from plumbline.web.studio import (
    api_account,
    api_asking,
    api_drawing,
    api_entry,
    api_judging,
    api_people,
    api_projects,
    api_results,
    errors,
    pages,
)
from plumbline.web.studio.around import Headed, Limited
from plumbline.web.studio.security import guarded
from plumbline.web.studio.state import Studio

STATIC = Path(__file__).with_name("static")
MODULES = (
    api_entry, api_account, api_people, api_projects, api_asking, api_drawing, api_judging,
    api_results, pages,
)  # fmt: skip


def build(studio: Studio) -> FastAPI:
    """The studio as an ASGI application."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(guarded)])
    app.state.studio = studio
    for module in MODULES:
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False), name="static")
    errors.install(app, pages.trouble)
    app.add_middleware(Limited)
    tls = {"Strict-Transport-Security": "max-age=31536000"} if studio.encrypted else {}
    app.add_middleware(Headed, more=tls)
    return app
