"""Some visitors open every page of a cold server at once, and act: a short `benchmarks/class.py`, without a clock."""

import asyncio
import importlib
import random

from benchmarks.visitor import Visitor
from driving import PATHS
from loops import run
from server import serve

classroom = importlib.import_module("benchmarks.class")
PAGES = ("tour", *PATHS)
VISITORS = 5


async def visit(address: str, number: int) -> int:
    """Each begins with another page; returns how many answers came."""
    chance, visitor = random.Random(number), Visitor(address)
    way = PAGES[number:] + PAGES[:number]
    answers = [await visitor.open(way[0], "picture=scene&size=64")]
    for page in way[1:]:
        answers.append(await visitor.go(page))
        if page != "reference":  # there is nothing to move
            answers.append(await classroom.act(visitor, chance))
    await visitor.close()
    assert all(answer.size > 1_000 for answer in answers)
    return len(answers)


async def together(address: str) -> list[int]:
    return await asyncio.gather(*(visit(address, number) for number in range(VISITORS)))


def test_a_small_class_opens_a_cold_server_and_sees_every_page(tmp_path):
    with serve(tmp_path / "log.txt") as address:
        counts = run(together(address))
    assert min(counts) >= 2 * len(PAGES) - 2
    assert "Traceback" not in (tmp_path / "log.txt").read_text()
