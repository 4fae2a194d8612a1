"""The sets of weights in what was saved: training scripts keep more than one, beside other things."""

from pvt_viz.checkpoints.checkpoint import WeightsError
from pvt_viz.checkpoints.pickles import has_tensors
from pvt_viz.checkpoints.sentences import enumerated, label
from pvt_viz.language import say

AVERAGED = (
    "state_dict_ema",
    "model_ema",
    "model_ema_state_dict",
    "ema_state_dict",
    "ema_model",
    "params_ema",
    "ema",
    "teacher",
)
"""Where scripts keep the average of the weights over training; it is what they test with, and what timm takes."""
PLAIN = ("state_dict", "model", "model_state_dict", "module", "net", "network", "params", "weights", "student")
PLACES = AVERAGED + PLAIN
"""Where training scripts put a state dict; of several sets the first is taken where nobody says which."""
DEPTH = 2
"""Dicts around a state dict that are looked into."""


def find(value: dict) -> dict[str, dict]:
    """Every set of weights by its place, "model" or "checkpoint.model", the one to take first; "" is the whole.

    Each is there once, though a file may repeat it.
    """
    found = _Search().sets(value, ())
    best = sorted(found, key=lambda at: (not is_averaged(at), min(map(_rank, at), default=0), len(at)))
    once = {id(found[at]): at for at in reversed(best)}
    return {".".join(at): found[at] for at in best if once[id(found[at])] == at}


def is_averaged(path: tuple[str, ...]) -> bool:
    return any(place in AVERAGED for place in path)


def none_under(name: str, place: str, sets: dict[str, dict]) -> WeightsError:
    """That a file has no weights where somebody wants them from."""
    known = [label(at) for at in sets if at]
    if not known:
        return WeightsError(
            say(
                "{name} holds one set of weights, and none under {place}; leave that out.",
                name=name,
                place=label(place),
            )
        )
    return WeightsError(
        say(
            "{name} holds no weights under {place}; there are some under {known}.",
            name=name,
            place=label(place),
            known=enumerated(known),
        )
    )


def _rank(place: str) -> int:
    return PLACES.index(place) if place in PLACES else len(PLACES)


class _Search:
    """One look at each dict, however often a file repeats it."""

    def __init__(self):
        self._known: dict[int, bool] = {}
        self._joined: dict[int, dict] = {}

    def sets(self, value: dict, path: tuple[str, ...]) -> dict[tuple[str, ...], dict]:
        found = {}
        if len(path) < DEPTH:
            for place, item in value.items():
                # The outer of two dicts may be called anything: "checkpoint", "last".
                if type(item) is dict and type(place) is str and (place in PLACES or not path):
                    inner = self.sets(item, (*path, place))
                    found |= {at: kept for at, kept in inner.items() if at[-1] in PLACES}
        if found or self._has_tensors(value):
            return found or {path: value}
        parts = self._parts(value) if path and path[-1] in PLACES and len(path) < DEPTH else {}
        return {path: parts} if parts else {}

    def _parts(self, value: dict) -> dict:
        """A network kept in parts, {"backbone": {…}, "head": {…}}, as one state dict: "backbone.…", "head.…"."""
        if id(value) not in self._joined:
            parts = {key: item for key, item in value.items() if type(item) is dict and type(key) is str}
            once = {id(item): key for key, item in parts.items()}
            self._joined[id(value)] = {
                f"{key}.{name}": values
                for key in once.values()
                if self._has_tensors(parts[key])
                for name, values in parts[key].items()
            }
        return self._joined[id(value)]

    def _has_tensors(self, value: dict) -> bool:
        if id(value) not in self._known:
            self._known[id(value)] = has_tensors(value)
        return self._known[id(value)]
