"""Judgements without the people: for giving them away.

    name    HMAC-SHA256(key = secret, message = kind NUL name), its first 64 bits in hex: one person
            stays one, nobody without the secret can try names, another secret gives other names
    when    the day;  seconds, where    gone;  group    gone unless it is kept

Texts are not altered: what people wrote in prompts, answers and critiques may name them or others.
`plumbline data clean` finds mail addresses, numbers and keys in texts.
Left out: k-anonymity. Who judged much, or in a small group that is kept, may be known by that.
Source: RFC 2104.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime

from .errors import UserError
from .types import Judge, Judgement, Provenance


def anonymous(judgement: Judgement, secret: str, *, keep_group: bool = False) -> Judgement:
    """The same judgement with its provenance made anonymous; UserError for an empty secret."""
    if not secret:
        raise UserError("an empty secret hides nobody", fix="give a long random text, and keep it")
    before = judgement.provenance
    judge = before.judge
    hidden = Judge(judge.kind, pseudonym(judge, secret), judge.group if keep_group else "")
    by = Provenance(
        judge=hidden,
        rubric=before.rubric,
        when=day(before.when),
        shown=before.shown,
        source=before.source,
        writer=before.writer,
    )
    return replace(judgement, provenance=by)


def pseudonym(judge: Judge, secret: str) -> str:
    """What a judge is called instead; a judge without a name stays without."""
    if not judge.name:
        return ""
    message = f"{judge.kind}\0{judge.name}".encode("utf-8", "surrogatepass")
    key = secret.encode("utf-8", "surrogatepass")
    return f"judge-{hmac.new(key, message, hashlib.sha256).hexdigest()[:16]}"


def day(when: str) -> str:
    """The day of a time in ISO 8601, as it was written; nothing where it is no such time."""
    try:
        return datetime.fromisoformat(when).date().isoformat()
    except ValueError:
        return ""
