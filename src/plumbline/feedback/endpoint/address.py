"""Where an endpoint is, and the key that goes there: what is wrong with them is said before asking.

A path is taken as it stands; where there is none it is /v1. A key goes over https, or over http to
this machine itself. Left out: addresses with a query, which some clouds had instead of versions.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from plumbline.core.errors import UserError
from plumbline.core.hosts import is_loopback

ROUTES = ("/chat/completions", "/completions", "/models")


def address(url: str, key: str) -> str:
    """The base of an endpoint's routes, without a slash at its end. UserError where it is none, or
    where a key may not go there."""
    parts = _parts(url)
    if key and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise UserError(
            "the key would travel where others can read it",
            where=parts.geturl(),
            fix="give an https:// address, or bring the server to this machine"
            f" (ssh -L 8000:localhost:{parts.port or 80} {parts.hostname}) and give"
            " http://localhost:8000",
        )
    path = parts.path.rstrip("/")
    for route in ROUTES:
        path = path.removesuffix(route)
    return parts._replace(path=path or "/v1").geturl()


def local(url: str) -> bool:
    """Whether an address is of this machine, so that no proxy leads to it."""
    return is_loopback(urlsplit(url).hostname or "")


def secret(key: str) -> str:
    """A key without white space around it. UserError, which does not show it, for one that no
    header holds."""
    found = key.strip()
    if not (found.isascii() and found.isprintable() and " " not in found):
        raise UserError(
            "the key holds white space or other characters that no key has",
            fix="see that the variable holds the key alone",
        )
    return found


def _parts(url: str) -> SplitResult:
    fix = "give an address such as http://localhost:8000 or https://api.openai.com/v1"
    try:
        parts = urlsplit(url.strip())
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole:
        raise UserError(f"{url.rpartition('@')[2]!r} is no address of a server", fix=fix)
    if parts.username is not None or parts.password is not None:
        raise UserError("an address holds no user or key", where=parts.hostname or "", fix=fix)
    if parts.query or parts.fragment:
        what = "an address ends with its path: no ? and no #"
        raise UserError(what, where=parts.hostname or "", fix=fix)
    return parts
