"""Make the microcosm's base model: its corpus, its tokenizer, seeded random weights, then training.

    python recipes/microcosm_base.py OUT [--documents N] [--seed N]

writes OUT/corpus.jsonl (one document or chat a line, in a form that `plumbline train sft` reads)
and OUT/init (tokenizer, config, random weights). The training itself is plumbline's own offline
loop on these two; there is no second one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from plumbline.core import atomic
from plumbline.core.types import Demonstration
from plumbline.microcosm.corpus import documents

DOCUMENTS = 150_000
"""About 6.5 M tokens, each document once."""


def row(document: Demonstration) -> dict[str, object]:
    """A line of the corpus: `text` for prose, `messages` for a chat, and where it comes from."""
    source = document.provenance.judge.group
    if document.messages[0].role == "text":
        return {"text": document.messages[0].content, "source": source}
    turns = [{"role": m.role, "content": m.content} for m in document.messages]
    return {"messages": turns, "source": source}


def lines(count: int, seed: int) -> Iterator[str]:
    """The corpus as JSON lines."""
    return (json.dumps(row(document)) + "\n" for document in documents(seed, count))


def build(out: Path, count: int = DOCUMENTS, seed: int = 0) -> Path:
    """Write corpus and untrained model under `out`; returns the model's folder."""
    from plumbline.microcosm.tokenizer import write_model

    out.mkdir(parents=True, exist_ok=True)
    atomic.write_text(out / "corpus.jsonl", "".join(lines(count, seed)))
    return write_model(out / "init", seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("out", type=Path)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(build(asked.out, asked.documents, asked.seed))


if __name__ == "__main__":
    main()
