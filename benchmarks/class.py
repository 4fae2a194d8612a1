"""A class opens the link at once: how long each of them waits, beside one visitor alone on the same server.

Run it by itself with `python -m benchmarks.class --visitors 30 --minutes 3`; it drives no machine but this one.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.timing import percentile
from benchmarks.visitor import Answer, VisitError, Visitor
from tests.helpers.server import process, serve

PAGES = ("", "attention", "reduction", "cost", "tour")
MOVED = ("Scene", "R₁", "Batch")
"""Whatever of these a page has."""
PAUSE = 5.0
"""Seconds between two actions of one visitor, on average."""
ALONE = 20
"""Actions of the one who has the server to himself."""


@dataclass
class Seen:
    """What the visitors saw."""

    opened: list[float] = field(default_factory=list)
    acted: list[float] = field(default_factory=list)
    sent: int = 0
    errors: Counter = field(default_factory=Counter)

    def said(self, name: str) -> str:
        taken = getattr(self, name)
        p50, p95 = percentile(taken, 0.5), percentile(taken, 0.95)
        return f"p50 {1e3 * p50:,.0f} ms, p95 {1e3 * p95:,.0f} ms ({len(taken)})"


def report(visitors: int = 30, minutes: float = 3.0) -> None:
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder) / "log.txt") as address:
        asyncio.run(_play(address, visitors, minutes))


async def _play(address: str, visitors: int, minutes: float) -> None:
    print(f"a class of {visitors}, each acting about every {PAUSE:.0f} seconds")
    cold = await _arrive(address, visitors)
    print(f"  all open a cold server in one second: {cold.said('opened')}; {_errors(cold)}")
    warm = await _arrive(address, visitors)
    print(f"  the same, warm: {warm.said('opened')}; {_errors(warm)}")
    alone = Seen()
    await _visit(address, alone, random.Random(0), actions=ALONE, pause=0.2)
    print(f"  one alone, an action: {alone.said('acted')}")
    together = Seen()
    until = time.monotonic() + 60 * minutes
    memory = asyncio.create_task(_watch(address, until))
    visits = [_visit(address, together, random.Random(1 + n), until=until, late=PAUSE) for n in range(visitors)]
    await asyncio.gather(*visits)
    beside = percentile(together.acted, 0.95) / percentile(alone.acted, 0.5)
    print(f"  all of them, an action: {together.said('acted')}; {_errors(together)}")
    print(
        f"  p95 of all beside p50 alone: {beside:.1f}×; {together.sent / len(together.acted) / 1e3:,.0f} kB an action"
    )
    print(f"  the server's memory, MB, once a minute: {await memory}")


async def _arrive(address: str, visitors: int) -> Seen:
    seen = Seen()
    await asyncio.gather(*(_visit(address, seen, random.Random(n), actions=0, late=1.0) for n in range(visitors)))
    return seen


async def _visit(
    address: str,
    seen: Seen,
    chance: random.Random,
    *,
    actions: float = float("inf"),
    until: float = float("inf"),
    late: float = 0.0,
    pause: float = PAUSE,
) -> None:
    """Open a page, then act: another scene or another R_1, now and then another page."""
    await asyncio.sleep(late * chance.random())
    visitor = Visitor(address)
    try:
        seen.opened.append((await visitor.open(chance.choice(PAGES), "picture=scene")).seconds)
        done = 0
        while done < actions and time.monotonic() < until:
            await asyncio.sleep(pause * (0.5 + chance.random()))
            answer = await act(visitor, chance)
            seen.acted.append(answer.seconds)
            seen.sent += answer.size
            done += 1
        await visitor.close()
    except (VisitError, OSError, TimeoutError) as error:
        seen.errors[str(error) or type(error).__name__] += 1


async def act(visitor: Visitor, chance: random.Random) -> Answer:
    """Mostly another value of a control of the page, whatever it has."""
    if chance.random() < 0.1:
        return await visitor.go(chance.choice(PAGES))
    labels = [label for label in MOVED if label in visitor.widgets]
    label = chance.choice(labels)
    options = getattr(visitor.widgets[label], "options", None)
    return await visitor.set(label, chance.choice(options) if options else float(chance.randrange(1000)))


async def _watch(address: str, until: float) -> list[int]:
    server = process(address)
    found = [server.memory_info().rss]
    while time.monotonic() < until:
        await asyncio.sleep(min(60.0, max(0.1, until - time.monotonic())))
        found.append(server.memory_info().rss)
    return [round(one / 1e6) for one in found]


def _errors(seen: Seen) -> str:
    if not seen.errors:
        return "no error"
    return ", ".join(f"{count}× {sentence}" for sentence, count in seen.errors.items())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=3.0)
    given = parser.parse_args()
    report(given.visitors, given.minutes)
