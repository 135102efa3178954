"""What keeps a request from being answered, in words.

`Unanswered` is of one request, and others may fare better; `Ended` holds for all that follow. No
message holds the key, also where a server repeats it.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from plumbline.core.errors import UserError

SHOWN = 300
"""Characters of a server's own message."""
ENDING = {401, 402, 404}
"""Statuses that other requests will get as well; and every redirection."""
FIXES = {
    400: "see that the model, the settings and the prompt are what this endpoint takes",
    401: "see that the variable with the key holds a key for this address",
    402: "see to the account with the provider",
    403: "see that the key may use this model",
    404: "see that the address is whole, mostly with /v1 at its end, and that the model is there",
    413: "shorten the prompt",
    429: "lower together or set per_minute, or see to the account with the provider",
}


class Unanswered(UserError):
    """One request has no answer that can be used."""


class Refused(Unanswered):
    """The model declined to answer."""


class Ended(UserError):
    """No request will be answered as things stand."""


class Missing(Ended):
    """There is no such model or route (404)."""


class Unfinished(UserError):
    """A list of requests of which some have no answer: `failed` by place, and `left` are those
    that were not asked, or in vain, since it `ended`."""

    def __init__(
        self,
        what: str,
        failed: Mapping[int, UserError],
        left: list[int],
        ended: Ended | None,
        *,
        fix: str,
    ) -> None:
        super().__init__(what, fix=fix)
        self.failed, self.left, self.ended = dict(failed), left, ended

    @property
    def first(self) -> UserError:
        """What one of them alone would have raised."""
        return self.ended or self.failed[min(self.failed)]


def in_words(error: Exception, url: str, seconds: float, tries: int) -> UserError:
    """An error of openai's client as one for people."""
    import openai

    if isinstance(error.__cause__, UserError):
        return error.__cause__  # raised before it was sent; older clients take it for the network's
    often = f" ({tries} tries)" if tries > 1 else ""
    if isinstance(error, openai.APITimeoutError):
        fix = "see that the server is not overloaded, or raise seconds, which is the longest wait"
        return Unanswered(f"no reply within {seconds:g} seconds{often}", where=url, fix=fix)
    if isinstance(error, openai.APIConnectionError):
        why = _short(str(error.__cause__ or error))
        fix = "see that the server is running and the address is right"
        return Unanswered(f"it cannot be reached{often}: {why}", where=url, fix=fix)
    if isinstance(error, openai.APIStatusError):
        return _of_status(error.status_code, _said(error), error.response.headers, url)
    return Unanswered(_short(str(error)), where=url)


def _of_status(status: int, said: str, headers: Mapping[str, str], url: str) -> UserError:
    name = HTTPStatus(status).phrase if status in set(HTTPStatus) else "unknown status"
    what = f"the endpoint answered {status} ({name})" + (f": {said}" if said else "")
    if status < 400:
        to = _short(headers.get("location", "nowhere"))
        fix = "if you trust that address, give it instead; a key is not sent on"
        return Ended(f"{what}, and leads to {to}", where=url, fix=fix)
    fix = FIXES.get(status, FIXES[400] if status < 500 else "try again later: the server failed")
    if status == 404:
        return Missing(what, where=url, fix=fix)
    return (Ended if status in ENDING else Unanswered)(what, where=url, fix=fix)


def _said(error: Any) -> str:
    """The server's own message: of OpenAI's form, or else the beginning of what it sent."""
    body = error.body
    if isinstance(body, dict):
        body = body.get("error", body)
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body
    return "" if body is None else _short(str(body))


def _short(text: str) -> str:
    """In one line; a web page is only named."""
    line = " ".join(text.split())
    if line[:200].lower().startswith(("<!doctype", "<html")):
        return "a web page"
    return line if len(line) <= SHOWN else f"{line[:SHOWN]} ..."


def without(secret: str, error: UserError) -> UserError:
    """The same error with a key blotted out."""
    if secret:
        parts = [error.what, error.where, error.fix]
        error.what, error.where, error.fix = (part.replace(secret, "[key]") for part in parts)
        error.args = (error.what, error.where, error.fix)
    return error
