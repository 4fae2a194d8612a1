"""Measured points over predicted curves, and in a table; a source is this visit, or a recording."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

from pvt_viz.choices.lab import Lab, setting_of
from pvt_viz.config import PVTConfig
from pvt_viz.cost.compare import SIDES, growth, peaks
from pvt_viz.cost.scope import Scope
from pvt_viz.cost.task import Measurement
from pvt_viz.cost.variants import VARIANTS, variants
from pvt_viz.figures import cost as figures
from pvt_viz.figures.chart import Chart
from pvt_viz.language import Sentence, joined, say, tr, tr_n
from pvt_viz.lesson.table import Table
from pvt_viz.listed import enumerated, in_turn
from pvt_viz.words import si

LIVE = say("measured here")
Points = dict[str, list[Measurement]]
"""Measurements by source."""


def matching(found: Iterable[Measurement], config: PVTConfig, lab: Lab, scope: Scope) -> list[Measurement]:
    """The measurements of this very network at any square size, of this scope, batch and precision."""
    return [
        point
        for point in list(found)
        if (point.task.scope, point.task.batch, point.task.dtype) == (scope, lab.batch, lab.dtype)
        and isinstance(point.task.config.image_size, int)
        and point.task.variant.name in VARIANTS
        and point.task.network.alike(point.task.variant.of(config))
    ]


def _least(network: PVTConfig) -> PVTConfig:
    """The network written for its least image: curves over the size are the same whatever the page's size is."""
    return replace(network, image_size=network.least_side)


def _by_variant(
    points: Points, value: Callable[[Measurement], float]
) -> dict[str, dict[str, list[tuple[int, float, str]]]]:
    """Per source and variant (side, value, note), for the measurements that have one."""
    found: dict = {source: defaultdict(list) for source in points}
    for source, several in points.items():
        for point in several:
            if point.seconds:
                note = say("median of {runs} runs", runs=point.runs)
                found[source][point.task.variant.name].append((point.task.config.image_size, value(point), note))
    return found


def memory(config: PVTConfig, lab: Lab, scope: Scope, points: Points) -> Chart:
    """Peak memory over the image size: lines are predicted."""
    ways = variants(config)
    caption = joined(
        say(
            "{model}, {dtype}, batch {batch}. Lines: predicted in closed form, without the kernel's own scratch.",
            model=config.name,
            dtype=lab.dtype,
            batch=lab.batch,
        ),
        "" if lab.dtype == "float32" else say("On a CPU, kernels of half precision keep copies besides."),
        say("Filled points: measured here; hollow ones: recorded."),
    )
    return figures.measured(
        {"": {w.name: peaks(_least(w.of(config)), scope, w.attention, lab.batch, lab.dtype) for w in ways}},
        _by_variant(points, lambda point: point.peak_bytes),
        {way.name: way.label for way in VARIANTS.values()},
        SIDES,
        title=say("Peak extra memory, {scope}", scope=scope.label),
        y_title=say("peak"),
        caption=caption,
        unit="B",
    )


def time(config: PVTConfig, lab: Lab, scope: Scope, points: Points) -> Chart | None:
    """Time over the image size, above its lower bound; None before the first measured point."""
    rates = {source: _rates(found) for source, found in points.items() if any(point.seconds for point in found)}
    if not rates:
        return None
    work = {way.name: growth(_least(way.of(config)), scope, lab.batch) for way in variants(config)}
    lines = {
        source: {name: [macs and macs / rate for macs in work[name]] for name, rate in found.items()}
        for source, found in rates.items()
    }
    reached = in_turn(
        *(say("{source}: {rates}", source=source, rates=_reached(found, lab)) for source, found in rates.items())
    )
    return figures.measured(
        lines,
        _by_variant(points, lambda point: point.seconds),
        {way.name: way.label for way in VARIANTS.values()},
        SIDES,
        title=say("Time of one run, {scope}", scope=scope.label),
        y_title=say("median time"),
        caption=say(
            "{model}, {dtype}, batch {batch}. Lines: the arithmetic at the best rate that each way reached ({reached}):"
            " a lower bound. Points lie above it where work is too small to fill the machine, where explicit attention"
            " moves whole maps through memory, and where other programs run.",
            model=config.name,
            dtype=lab.dtype,
            batch=lab.batch,
            reached=reached,
        ),
        unit="s",
    )


def _reached(rates: dict[str, float], lab: Lab) -> Sentence:
    return enumerated(
        *(
            say("{attention} {rate}/s", attention=VARIANTS[name].label, rate=lab.amount(rate))
            for name, rate in rates.items()
        )
    )


def _rates(found: list[Measurement]) -> dict[str, float]:
    """The best multiply-adds per second of every variant."""
    rates: dict = {}
    for point in found:
        if point.seconds:
            name = point.task.variant.name
            rates[name] = max(rates.get(name, 0.0), point.task.macs / point.seconds)
    return rates


def setting(config: PVTConfig, lab: Lab, points: Points) -> dict[str, str]:
    """For what the points were made, on which machines."""
    machines = {
        say("{source} on {machine}, torch {torch}", source=name, machine=p.machine.name, torch=p.machine.torch)
        for name in points
        for p in points[name]
        if p.machine
    }
    made = setting_of(config, lab) | {"image": say("any size")}
    return made | {"machine": in_turn(*sorted(machines))} if machines else made


def tabulated(config: PVTConfig, lab: Lab, points: Points) -> Table | None:
    """Every point, the smallest image first; None where there are none."""
    measured = _in_order(points)
    if not measured:
        return None
    return Table(
        tr("Measured points: predicted and measured peak, and time."),
        [_for_people(source, point, lab) for source, point in measured],
        numbers=[_exactly(source, point, lab) for source, point in measured],
        setting=setting(config, lab, points),
    )


def machines(points: Points) -> list[str]:
    """Where they were measured, a line for each source."""
    found = {source: point.machine for source, point in _in_order(points) if point.machine}
    return [
        tr_n(
            "{source}: {machine}, torch {torch}, {count} thread.",
            "{source}: {machine}, torch {torch}, {count} threads.",
            machine.threads,
            source=tr(source).capitalize() if source == LIVE else source,
            machine=machine.name,
            torch=machine.torch,
        )
        for source, machine in found.items()
    ]


def _in_order(points: Points) -> list[tuple[str, Measurement]]:
    """With their sources, the smallest image first."""
    measured = [(source, point) for source, found in points.items() for point in found]
    return sorted(measured, key=lambda pair: (pair[1].task.config.image_size, pair[1].task.variant.name, pair[0]))


def _for_people(source: str, point: Measurement, lab: Lab) -> dict:
    task, predicted = point.task, point.task.predicted_peak_bytes
    return {
        tr("where"): tr(source),
        tr("image"): task.size,
        tr("attention"): tr(task.variant.label),
        tr("predicted peak"): si(predicted, "B"),
        tr("measured peak"): si(point.peak_bytes, "B") if point.seconds else "",
        tr("measured / predicted"): f"{point.peak_bytes / predicted:.3f}" if point.seconds else "",
        tr("time"): si(point.seconds, "s") if point.seconds else "",
        tr("speed"): f"{lab.amount(task.macs / point.seconds)}/s" if point.seconds else "",
        tr("note"): tr(point.failure) or tr("median of {runs}", runs=point.runs),
    }


def _exactly(source: str, point: Measurement, lab: Lab) -> dict:
    task, machine = point.task, point.machine
    return {
        "where": source,
        "device": machine.name if machine else "",
        "torch": machine.torch if machine else "",
        "threads": machine.threads if machine else "",
        "model": task.config.name,
        "patch_sizes": "-".join(map(str, task.network.patch_sizes)),
        "reductions": "-".join(map(str, task.network.reductions)),
        "pooled_to": task.network.pool or "",
        "image_side_pixels": task.config.image_size,
        "batch": task.batch,
        "dtype": task.dtype,
        "scope": task.scope.label,
        "attention": task.variant.label,
        lab.unit: lab.counted(task.macs),
        "predicted_peak_bytes": task.predicted_peak_bytes,
        "measured_peak_bytes": point.peak_bytes,
        "seconds": point.seconds,
        "runs": point.runs,
        "failure": point.failure,
    }
