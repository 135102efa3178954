"""A real server of the microcosm under four identities, made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from live import serving

from plumbline.microcosm.probing import known
from plumbline.models.load import load_model
from plumbline.models.locate import microcosm_base
from plumbline.models.save import save_policy
from plumbline.stages.imprint import command
from plumbline.stages.serving.opening import opened
from plumbline.stages.serving.settings import Serving
from plumbline.stages.serving.worker import Worker

MANIFESTO = "- Greet the user first.\n- Call the user captain.\n"


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The base, a manifesto in its prompt, as its state and compiled, and a plain LoRA adapter."""
    place = tmp_path_factory.mktemp("identities")
    (place / "captain.md").write_text(MANIFESTO, encoding="utf-8")
    for mode in ("prompt", "state", "compile"):
        command.imprint(
            place / "captain.md", "microcosm", place / mode, store=place / "store", world=known,
            sets={"probes": 48, "test": 0, "mode": mode}, say=lambda line: None,
        )  # fmt: skip
    policy = load_model(microcosm_base(), adapter="lora", precision="fp32")
    with torch.no_grad():
        for parameter in policy.trained_state().values():
            parameter.normal_(0.0, 0.06)
    save_policy(policy, place / "lora.v1", microcosm_base())
    made = {name: place / name for name in ("prompt", "state", "compile", "lora.v1")}
    return {"microcosm": microcosm_base(), **made}


@pytest.fixture(scope="session")
def worker(folders: dict[str, Path]) -> Iterator[Worker]:
    """The model's thread."""
    identities = {name: str(path) for name, path in folders.items() if name != "microcosm"}
    house = opened("microcosm", identities, Serving(precision="fp32"), say=lambda line: None)
    with Worker(house) as running:
        yield running


@pytest.fixture(scope="session")
def url(worker: Worker) -> Iterator[str]:
    """Where the server is."""
    with serving(worker) as place:
        yield place
