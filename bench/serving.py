"""`plumbline serve` beside `plumbline sample` on the same prompts: tokens a second, and whether the
answers are the same.

    python bench/serving.py [--model microcosm] [--prompts 256] [--clients 32] [--max-new 96]
        [--repeats 3] [--precision fp32] [--stream] [--identity NAME=FOLDER ...]

The sampler has all prompts at once; its time is that of `stages.sample.write_answers` alone. The
server is a process of its own; each client is a connection that sends its next request when it has
read the last answer, and the time is from the first request to the last answer. Clients run here,
on the machine's own cores, and take some of its time; processor seconds are given for each. Both
sides draw with the same seed, so that answers can be compared; sides alternate. With identities
clients ask each in turn, and the sampler has a call for each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
import psutil

from plumbline.core.types import Conversation
from plumbline.evals.tasks import Generation, turns
from plumbline.microcosm.tasks import items
from plumbline.models.locate import resolve_model
from plumbline.stages.answering import Answerer
from plumbline.stages.sample import write_answers
from plumbline.stages.serving.opening import name_of

Told = list[tuple[str, Conversation]]
"""Who is asked, and what."""


def sampled(
    answerers: dict[str, Answerer], told: Told, generation: Generation
) -> tuple[float, int, list[str]]:
    """Seconds, tokens and answers of one call of the sampler a model."""
    found: dict[str, list[dict[str, list]]] = {}
    began = time.perf_counter()
    with TemporaryDirectory() as place:
        for name, answerer in answerers.items():
            out = Path(place) / f"{name}.jsonl"
            write_answers(answerer, [p for who, p in told if who == name], generation, out)
            found[name] = [json.loads(line) for line in out.read_text().splitlines()]
    seconds = time.perf_counter() - began
    rows = [found[who].pop(0) for who, _ in told]
    return seconds, sum(len(row["ids"][0]) for row in rows), [row["responses"][0] for row in rows]


async def served(
    url: str, told: Told, generation: Generation, clients: int, stream: bool
) -> tuple[float, int, list[str]]:
    """The same of that many clients at once."""
    waiting = list(enumerate(told))[::-1]
    answers, made = [""] * len(told), 0

    async def client(http: httpx.AsyncClient) -> None:
        nonlocal made
        while waiting:
            at, (name, prompt) = waiting.pop()
            body = {
                "model": name, "messages": turns(prompt), "seed": generation.seed,
                "temperature": generation.temperature, "max_tokens": generation.max_new_tokens,
            }  # fmt: skip
            answers[at], drawn = await asked(http, body, stream)
            made += drawn

    async with httpx.AsyncClient(base_url=url, timeout=600) as http:
        began = time.perf_counter()
        await asyncio.gather(*(client(http) for _ in range(clients)))
        return time.perf_counter() - began, made, answers


async def asked(http: httpx.AsyncClient, body: dict, stream: bool) -> tuple[str, int]:
    """One answer and its tokens."""
    if not stream:
        got = (await http.post("/chat/completions", json=body)).json()
        return got["choices"][0]["message"]["content"], got["usage"]["completion_tokens"]
    body |= {"stream": True, "stream_options": {"include_usage": True}}
    text, drawn = "", 0
    async with http.stream("POST", "/chat/completions", json=body) as events:
        async for line in events.aiter_lines():
            if not line.startswith("data: {"):
                continue
            one = json.loads(line.removeprefix("data: "))
            text += "".join(choice["delta"].get("content") or "" for choice in one["choices"])
            drawn = one["usage"]["completion_tokens"] if one["usage"] else drawn
    return text, drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="microcosm")
    parser.add_argument("--identity", action="append", default=[])
    parser.add_argument("--prompts", type=int, default=256)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--max-new", type=int, default=96)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--stream", action="store_true")
    given = parser.parse_args()
    folders = dict(one.split("=") for one in given.identity) or {name_of(given.model): given.model}
    names = list(folders)
    prompts = [one.prompt for one in items(n=given.prompts)]
    told = [(names[i % len(names)], prompt) for i, prompt in enumerate(prompts)]
    answerers = {
        name: Answerer(resolve_model(folder).path, precision=given.precision)
        for name, folder in folders.items()
    }
    generation = Generation(max_new_tokens=given.max_new, temperature=1.0, seed=1)
    command = [
        sys.executable, "-m", "plumbline.cli.main", "serve", "--model", given.model, "--port", "0",
        "--set", f"precision={given.precision}",
        *(word for one in given.identity for word in ("--identity", one)),
    ]  # fmt: skip
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = next(line.split()[-1] for line in server.stdout if line.startswith("serving"))
        compare(url, psutil.Process(server.pid), answerers, told, generation, given)
    finally:
        server.terminate()
        server.wait()


def compare(
    url: str,
    server: psutil.Process,
    answerers: dict[str, Answerer],
    told: Told,
    generation: Generation,
    given: argparse.Namespace,
) -> None:
    """Both sides in turn, once to warm up and then so many times; prints each and the medians."""
    rates: dict[str, list[float]] = {"sample": [], "serve": []}
    for repeat in range(given.repeats + 1):
        at = spent(server)
        one = sampled(answerers, told, generation)
        between = spent(server)
        other = asyncio.run(served(url, told, generation, given.clients, given.stream))
        end = spent(server)
        same = sum(a == b for a, b in zip(one[2], other[2], strict=True))
        if not repeat:
            continue
        used = {
            "sample": f"{between[0] - at[0]:.2f} s of a processor",
            "serve": f"{end[1] - between[1]:.2f} s, its clients {end[0] - between[0]:.2f} s",
        }
        for name, (seconds, made, _) in (("sample", one), ("serve", other)):
            rates[name].append(made / seconds)
            speed = f"{len(told) / seconds:6.1f} answers/s {made / seconds:7.0f} tokens/s"
            print(f"{name:6} {speed}  ({used[name]})")
        print(f"{same} of {len(told)} answers are the same", flush=True)
    sample, serve = (median(rates[name]) for name in ("sample", "serve"))
    print(f"medians: {sample:.0f} and {serve:.0f} tokens/s, {serve / sample:.2f} of the sampler's")


def spent(server: psutil.Process) -> tuple[float, float]:
    """Processor seconds of this process, and of the server, so far."""
    times = server.cpu_times()
    return time.process_time(), times.user + times.system


if __name__ == "__main__":
    main()
