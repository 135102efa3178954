"""Ask an endpoint N questions and print the answers: killed at any moment, it is run again.

usage: label_driver.py URL CACHE N TOGETHER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from plumbline.core.types import user
from plumbline.feedback.endpoint import Endpoint, Limits


def main() -> None:
    url, cache, n, together = sys.argv[1:]
    with Endpoint(url, limits=Limits(together=int(together)), cache=Path(cache)) as endpoint:

        def label(i: int) -> list[str]:
            return endpoint.answers("judge", (user(f"Question {i}"),), n=2)

        found = dict(endpoint.each(label, range(int(n))))
    print(json.dumps([found[i] for i in sorted(found)]))


if __name__ == "__main__":
    main()
