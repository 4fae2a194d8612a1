"""One who visits the app over its own websocket, as a browser would, without drawing anything."""

import asyncio
import time
from dataclasses import dataclass

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import connect

SORRY = "could not be drawn"
PATIENCE = 120
"""Seconds after which an answer is missing."""


class VisitError(Exception):
    """What a visitor saw instead of the page."""


@dataclass(frozen=True)
class Answer:
    """What came back for one action."""

    seconds: float
    """From asking to the end of the run that the server made of it."""
    size: int
    """Bytes."""


class Visitor:
    """Opens a page, moves its controls by their labels, and goes to other pages.

    Like a browser it keeps large messages, and tells the server which ones, so that they are not sent again.
    """

    def __init__(self, address: str):
        self.url = address.replace("http://", "ws://") + "/_stcore/stream"
        self.widgets: dict[str, object] = {}
        """Their elements by label."""
        self.pages: dict[str, str] = {}
        """Streamlit's names for them, by what stands in the address."""
        self._states: dict[str, WidgetState] = {}
        self._kept: dict[str, ForwardMsg] = {}
        self._query = self._page = ""

    async def open(self, page: str = "", query: str = "") -> Answer:
        """The first view of a visit."""
        start = time.perf_counter()
        self._socket = await connect(self.url, subprotocols=["streamlit"], max_size=None, open_timeout=PATIENCE)
        self._query = query
        return await self._run(start, page_name=page)

    async def go(self, page: str) -> Answer:
        """By the menu."""
        self._page = self.pages[page]
        self._states.clear()
        return await self._run(time.perf_counter())

    async def set(self, label: str, value: float | str) -> Answer:
        """A number, or the option of a slider that says its options."""
        found = self.widgets[label]
        state = WidgetState(id=found.id)
        if isinstance(value, str):
            state.string_array_value.data.append(value)
        else:
            state.double_value = value
        self._states[found.id] = state
        return await self._run(time.perf_counter())

    async def close(self) -> None:
        await self._socket.close()

    async def _run(self, start: float, page_name: str = "") -> Answer:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_script_hash, asked.page_name = self._query, self._page, page_name
        asked.widget_states.widgets.extend(self._states.values())
        asked.cached_message_hashes.extend(self._kept)
        await self._socket.send(message.SerializeToString())
        size = 0
        while True:
            data = await asyncio.wait_for(self._socket.recv(), PATIENCE)
            size += len(data)
            if self._hear(ForwardMsg.FromString(data)):
                return Answer(time.perf_counter() - start, size)

    def _hear(self, message: ForwardMsg) -> bool:
        """Whether that was the end of the run."""
        if message.WhichOneof("type") == "ref_hash":
            message = self._kept[message.ref_hash]
        elif message.metadata.cacheable:
            self._kept[message.hash] = message
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page = message.new_session.page_script_hash
            self.widgets = {}
        elif kind == "navigation":
            self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "delta":
            self._see(message.delta.new_element)
        finished = message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
        return kind == "script_finished" and finished

    def _see(self, element) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise VisitError(element.exception.message)
        if kind == "alert" and SORRY in element.alert.body:
            raise VisitError(element.alert.body)
        if kind in ("slider", "number_input"):
            self.widgets[getattr(element, kind).label] = getattr(element, kind)
