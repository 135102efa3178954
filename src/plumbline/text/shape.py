"""Examples put into the one shape that is rendered: a prompt, then answers that begin at once.

What stands in a response before its first assistant turn belongs to the prompt; an answer without
words is an error; a response of several assistant turns can be taken apart, one example a turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation, Example, Response


def is_document(example: Example) -> bool:
    """Whether it is plain text without turns."""
    return all(m.role == "text" for part in (example.prompt, *example.responses) for m in part)


def last_spoken(messages: Conversation) -> int:
    """Index of the last assistant turn, -1 where there is none."""
    return max((i for i, m in enumerate(messages) if m.role == "assistant"), default=-1)


def check_trainable(example: Example) -> None:
    """UserError where a response has no words to train on."""
    for response in example.responses:
        if not any(m.content.strip() for m in response if m.role in ("assistant", "text")):
            raise UserError(
                "nothing to train on: a response has no words of an assistant",
                where=example.where,
                fix="remove the row, or give it an answer",
            )


def leading_turns_moved(example: Example) -> Example:
    """The example with what stands before the first answer in its prompt, where all agree on it."""
    before = [_before_answer(response) for response in example.responses]
    if not any(before) or is_document(example):
        return example
    if any(other != before[0] for other in before):
        raise UserError(
            "the responses differ before the assistant's first turn, so they share no prompt",
            where=example.where,
            fix="give each its own row",
        )
    cut = len(before[0])
    responses = tuple(response[cut:] for response in example.responses)
    return replace(example, prompt=(*example.prompt, *before[0]), responses=responses)


def _before_answer(response: Response) -> Conversation:
    first = next((i for i, m in enumerate(response) if m.role == "assistant"), len(response))
    return response[:first]


def one_a_turn(example: Example) -> Iterator[Example]:
    """An example for each assistant turn of the (one) response, the turns before it as prompt."""
    (response,) = example.responses
    for i, message in enumerate(response):
        if message.role == "assistant" and message.content.strip():
            yield replace(example, prompt=(*example.prompt, *response[:i]), responses=((message,),))
