"""The pages there are, in the order of the menu."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pvt_viz import places
from pvt_viz.language import N_, tr


@dataclass(frozen=True)
class Page:
    """One page: the name of its file, what the menu calls it, its icon, and its path in the URL."""

    name: str
    title: str
    icon: str
    pictured: bool = True
    """Whether it shows the picture that is chosen in the sidebar."""

    @property
    def path(self) -> str:
        return self.name.replace("_", "-")

    @property
    def file(self) -> Path:
        return places.PAGES / f"{self.name}.py"


PAGES = (
    Page("pyramid", N_("Pyramid"), "stacks"),
    Page("tour", N_("Tour"), "tour"),
    Page("attention", N_("Attention"), "center_focus_strong"),
    Page("reduction", N_("Reduction"), "grid_view"),
    Page("evidence", N_("Evidence"), "troubleshoot"),
    Page("trade_off", N_("Trade-off"), "tune"),
    Page("learning", N_("Learning"), "school"),
    Page("cost", N_("Cost"), "balance", pictured=False),
    Page("reference", N_("Reference"), "menu_book"),
)


def menu() -> list:
    """For st.navigation; the first page is the landing page."""
    return [
        st.Page(
            page.file,
            title=tr(page.title),
            icon=f":material/{page.icon}:",
            **({"default": True} if page is PAGES[0] else {"url_path": page.path}),
        )
        for page in PAGES
        if page.file.exists()
    ]


def current(path: str) -> Page:
    """The page at this path of the URL."""
    return next((page for page in PAGES if page.path == path), PAGES[0])


def named(name: str) -> Page:
    """The page in this file."""
    return next(page for page in PAGES if page.name == name)


def titles() -> dict[str, str]:
    """What the menu calls them, by name."""
    return {page.name: tr(page.title) for page in PAGES}


def link(name: str, words: str = "") -> None:
    """A link to a page, which keeps all that is chosen; in its own words, or those of the menu."""
    page = named(name)
    st.page_link(str(page.file), label=words or tr(page.title), icon=f":material/{page.icon}:")
