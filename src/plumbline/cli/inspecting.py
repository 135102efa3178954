"""What `plumbline data inspect` says: the form, one example as it is trained on, and the counts.

With a model the example is decoded from its tokens, so that what is marked is what is trained;
without one it is shown in characters, as the template for base models would write it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from plumbline.cli.show import coloured, paint, some

if TYPE_CHECKING:
    from plumbline.core.types import Example, Judgement, Message
    from plumbline.core.views import Views
    from plumbline.data import Loaded

Segment = tuple[str, bool]
LONGEST = 2000
"""Characters of a stretch that are shown; the middle of longer ones is left out."""


def inspection(
    data: str,
    model: str,
    objective: str,
    sets: Sequence[str],
    on_bad_row: Literal["stop", "drop"],
    store: Path | None,
) -> Iterator[str]:
    """The lines to print; UserError where the data or the model cannot be read."""
    from plumbline.data import read

    loaded = read(data, on_bad_row=on_bad_row)
    yield from what_was_read(loaded)
    name = objective or fitting(loaded.judgements)
    if not name:
        yield "nothing to train on: these are prompts (plumbline sample --prompts) or critiques"
        return
    found = view_for(name, loaded.judgements)
    yield f"\nfor {name}: {len(found.examples)} examples"
    yield from [*some("dropped", found.dropped), *found.notes]
    yield from in_tokens(found, model, name, sets, store) if model else in_characters(found)


def what_was_read(loaded: Loaded) -> Iterator[str]:
    """The form and the counts of the reading itself."""
    from plumbline.data.forms import known

    about = known()[loaded.form][-1] if loaded.form in known() else "plumbline's own"
    kinds = Counter(type(judgement).__name__.lower() for judgement in loaded.judgements)
    yield f"{loaded.source}: {paint(loaded.form, 'bold')} ({about})"
    yield f"{loaded.counts['rows']} rows: " + ", ".join(f"{n} {kind}" for kind, n in kinds.items())
    if loaded.ignored:
        yield f"fields not read: {', '.join(loaded.ignored)}"
    yield from some("not parsed", loaded.bad)
    yield from some("unusable", loaded.dropped)


def fitting(judgements: Sequence[Judgement]) -> str:
    """An objective that trains on such judgements; "" where there is none."""
    from plumbline.core.types import Choice, Demonstration, Edit, Ranking, Rating

    for one in judgements:
        match one:
            case Demonstration(messages=messages) if messages[-1].role in ("assistant", "text"):
                return "sft"
            case Ranking() | Edit():
                return "dpo"
            case Choice() | Rating():
                return "kto"
    return ""


def view_for(objective: str, judgements: Sequence[Judgement]) -> Views:
    """The examples the objective would be given."""
    from plumbline.core.views import view
    from plumbline.objectives import entry

    return view(entry(objective).view, judgements)


def in_characters(found: Views) -> Iterator[str]:
    """The first example and the lengths, without a tokenizer."""
    yield from shown(found.examples[0].where, plain_segments(found.examples[0]))
    sizes = sorted(len(text_of_example(example)) for example in found.examples)
    yield f"length in characters: median {sizes[len(sizes) // 2]}, longest {sizes[-1]}"
    yield "with --model MODEL: tokens, and what would be cut or lost"


def in_tokens(
    found: Views, model: str, objective: str, sets: Sequence[str], store: Path | None
) -> Iterator[str]:
    """The first example as the model sees it, and what the length policy would do."""
    from plumbline.core.settings import parse_sets
    from plumbline.models.locate import resolve_model
    from plumbline.stages.train import split_values
    from plumbline.store import find_store
    from plumbline.text import length
    from plumbline.text.marks import segments
    from plumbline.text.render import Renderer
    from plumbline.text.tokenizer import load_tokenizer

    located = resolve_model(model, find_store(store).path)
    yield located.took
    context = context_of(located.path)
    settings, _ = split_values(objective, parse_sets(sets))
    renderer = Renderer(load_tokenizer(located.path), settings.template)
    rendered = renderer.render_all(found.examples)
    first = rendered[0]
    answers = range(len(first.tree.completions))
    yield from shown(first.where, [segments(first, k) for k in answers])
    yield from renderer.notes
    kept, report = length.apply(rendered, settings.length, context)
    yield report.line()
    trained = sum(int(marks.sum()) for one in kept for marks in one.tree.trained)
    yield f"{sum(one.tree.size() for one in kept)} tokens, {trained} of them trained"


def context_of(folder: Path) -> int:
    """Tokens the model (or the base of the adapter) in a folder reads."""
    from plumbline.models.config import read_config
    from plumbline.models.locate import adapter_base, is_adapter

    config = read_config(adapter_base(folder).path if is_adapter(folder) else folder)
    return int(config.max_position_embeddings)


def plain_segments(example: Example) -> list[list[Segment]]:
    """Each response after its prompt, turn by turn; the assistant's words and documents trained."""
    return [
        [
            part
            for answered, messages in ((False, example.prompt), (True, response))
            for message in messages
            for part in turn(message, answered)
        ]
        for response in example.responses
    ]


def turn(message: Message, answered: bool) -> list[Segment]:
    """One message in the plain template's words; trained where it is part of an answer."""
    names = {"user": "\n\nHuman: ", "assistant": "\n\nAssistant: ", "text": ""}
    head = names.get(message.role, f"\n\n{message.role.capitalize()}: ")
    return [(head, False), (message.content, answered and message.role in ("assistant", "text"))]


def text_of_example(example: Example) -> str:
    return "".join(text for parts in plain_segments(example) for text, _ in parts)


def shown(where: str, responses: Sequence[Sequence[Segment]]) -> Iterator[str]:
    """One example for people: trained stretches green on a terminal, else in ⟦ ⟧."""
    how = "green" if coloured(sys.stdout) else "in ⟦ ⟧"
    yield f"\nfirst example, {where} (trained: {how})"
    for k, parts in enumerate(responses):
        yield f"--- response {k + 1} of {len(responses)}" if len(responses) > 1 else "---"
        yield "".join(marked(shortened(text), trained) for text, trained in parts).strip("\n")
    yield "---"


def marked(text: str, trained: bool) -> str:
    if not trained:
        return text
    return paint(text, "green") if coloured(sys.stdout) else f"⟦{text}⟧"


def shortened(text: str) -> str:
    """A long stretch without its middle."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} [... {len(text) - LONGEST} characters ...] {text[-half:]}"
