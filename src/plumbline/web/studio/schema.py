"""What programs send, as JSON. A field nobody reads is an error, and so is half a character."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _sound(text: str) -> str:
    """No halves of characters and no NUL, which databases cannot keep."""
    text.encode()
    if "\0" in text:
        raise ValueError("a text with the character NUL")
    return text


def _keepable(body: Any) -> Any:
    """What every database keeps as JSON, and a browser reads again."""
    json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    return body


Sound = Annotated[str, AfterValidator(_sound)]
Body = Annotated[dict[str, Any], AfterValidator(_keepable)]
Line = Annotated[Sound, Field(max_length=1000)]
Words = Annotated[Sound, Field(max_length=200_000)]
Key = Annotated[Sound, Field(min_length=8, max_length=64)]
Number = Annotated[int, Field(ge=0, lt=2**63)]


class Sent(BaseModel):
    """What all of them hold to."""

    model_config = ConfigDict(extra="forbid")


class LogIn(Sent):
    name: Line
    password: Line


class SetUp(Sent):
    token: Line
    name: Line
    password: Line


class Join(Sent):
    token: Line
    name: Line = ""
    password: Line = ""
    people: Line = ""


class Password(Sent):
    old: Line
    new: Line


class NewToken(Sent):
    """days: how long it holds; until it is removed where there are none."""

    label: Line
    scopes: list[Line]
    days: float | None = None


class NewProject(Sent):
    """form: as `feedback.collecting.forms.Form` has it."""

    name: Line
    form: Body
    quota: Annotated[int, Field(ge=1, le=1000)] = 1
    lease: Annotated[float, Field(gt=0, le=30 * 86_400)] = 1800.0
    checks: Annotated[float, Field(ge=0, lt=1)] = 0.0
    assigned: bool = False
    seed: Number = 0
    guideline: Words = ""


class Judged(Sent):
    """seconds: how long it took; key: random, the same one when it is sent again."""

    item: Number
    body: Body
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    key: Key


class Revised(Sent):
    """notes: as a critique has them, so far."""

    item: Number
    notes: Annotated[list[Body], Field(max_length=100)]


class Drawn(Sent):
    """prompts: texts, or turns; n: answers of each model, 0 for as few as the form takes."""

    prompts: Annotated[list[Any], AfterValidator(_keepable), Field(min_length=1, max_length=10_000)]
    models: Annotated[list[Line], Field(max_length=100)]
    n: Annotated[int, Field(ge=0, le=1000)] = 0


class Skipped(Sent):
    item: Number
    reason: Line
    key: Key


class Undone(Sent):
    key: Key


class Draft(Sent):
    item: Number
    body: Body


class Assigned(Sent):
    user: Number
    items: Annotated[list[Number], Field(max_length=10_000)]


class Shared(Sent):
    """each: items more for each of the users; people: how many may have the same item."""

    users: Annotated[list[Number], Field(max_length=1000)]
    each: Number
    people: Number = 1


class AssignedOnly(Sent):
    assigned: bool


class AskedFirst(Sent):
    """by: as `stages.next_asked` has it; judge: a reward model by its name in the store."""

    by: Line
    share: Annotated[float, Field(ge=0, le=1)] = 0.2
    judge: Line = ""
    seed: Number = 0


class Seen(Sent):
    items: Annotated[list[Number], Field(max_length=500)]


class Admitted(Sent):
    active: bool


class Closed(Sent):
    closed: bool


class Guideline(Sent):
    text: Words


class Member(Sent):
    user: Number
    role: Line


class NewInvite(Sent):
    role: Line
    people: Line = ""
    hours: float = 72.0


class Ranked(Sent):
    """How much there is to learn from items; a share of them is asked at random all the same."""

    utilities: dict[Number, Annotated[float, Field(allow_inf_nan=False)]]
    share: Annotated[float, Field(ge=0, le=1)] = 0.2
    seed: Number = 0
