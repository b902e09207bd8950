"""A visitor without a browser: speaks with the server as the page's own script does.

What a browser costs beside this is drawing. So many of these fit where few browsers would,
and what they wait for is the server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect


@contextmanager
def visiting(url: str, query: str = "") -> Iterator[Session]:
    """A visit of the page at ``url``, with ``query`` in its address; it ends like a closed tab."""
    with connect(
        url.replace("http", "ws", 1) + "/_stcore/stream",
        subprotocols=["streamlit"],
        compression=None,
        max_size=None,
        proxy=None,
    ) as socket:
        session = Session(socket, query)
        session.wait_for(lambda: session.drawn > 0, 60)
        yield session


class Session:
    """A page that is open: what stands on it, and what its clicks send."""

    def __init__(self, socket: ClientConnection, query: str) -> None:
        self.drawn = 0  # how often the page, or a part of it, was drawn to its end
        self._socket = socket
        self._query, self._page = query, ""
        self._elements: dict[tuple[int, ...], Element] = {}
        self._ticks: dict[str, list[float]] = {}  # of each fragment: its interval, the next time
        self._ask()

    # -- doing --------------------------------------------------------------------------------

    def press(self, label: str) -> None:
        """Click on a button."""
        message = self._message()
        message.rerun_script.widget_states.widgets.add(
            id=self._one("button", label).id, trigger_value=True
        )
        self._send(message)

    def pick(self, label: str, option: str) -> None:
        """Choose one of the pills of this label."""
        message = self._message()
        pills = message.rerun_script.widget_states.widgets.add(
            id=self._one("button_group", label).id
        )
        pills.string_array_value.data.append(option)
        self._send(message)

    def wait_for(self, condition: Callable[[], object], seconds: float) -> None:
        """Read what comes, and let the page tick, until the condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            now = time.monotonic()
            assert now < end, f"waited in vain; the page says {list(self._words())}"
            for fragment, tick in self._ticks.items():
                if now >= tick[1]:
                    tick[1] = now + tick[0]
                    self._ask(fragment)
            self._take(min([now + 0.05, *(tick[1] for tick in self._ticks.values())]) - now)

    # -- reading ------------------------------------------------------------------------------

    def says(self, words: str) -> bool:
        """Whether these words are anywhere on the page."""
        return any(words in said for said in self._words())

    def iterations(self) -> int:
        """Iterations done, by the progress bar."""
        bars = [element.progress.text for element in self._of("progress")]
        return int(bars[0].split(" of ")[0].replace(",", "")) if bars else 0

    def _words(self) -> Iterator[str]:
        said = (getattr(e, kind).body for kind in ("markdown", "alert") for e in self._of(kind))
        return (words.replace("\\", "") for words in said)

    def _of(self, kind: str) -> list[Element]:
        return [e for e in self._elements.values() if e.WhichOneof("type") == kind]

    def _one(self, kind: str, label: str):
        widgets = [getattr(element, kind) for element in self._of(kind)]
        (found,) = (widget for widget in widgets if widget.label == label)
        return found

    # -- the protocol ---------------------------------------------------------------------------

    def _ask(self, fragment: str = "") -> None:
        self._send(self._message(fragment))

    def _message(self, fragment: str = "") -> BackMsg:
        message = BackMsg()
        run = message.rerun_script
        run.query_string, run.page_script_hash = self._query, self._page
        run.fragment_id, run.is_auto_rerun = fragment, bool(fragment)
        return message

    def _send(self, message: BackMsg) -> None:
        self._socket.send(message.SerializeToString())

    def _take(self, seconds: float) -> None:
        """Take in the next message, if one comes in time."""
        try:
            message = ForwardMsg.FromString(self._socket.recv(timeout=max(0.0, seconds)))
        except TimeoutError:
            return
        match message.WhichOneof("type"):
            case "new_session" if not message.metadata.run.fragment_ids:  # of the whole page
                self._elements.clear()
                self._ticks.clear()
            case "navigation":
                self._page = message.navigation.page_script_hash
            case "page_info_changed":
                self._query = message.page_info_changed.query_string
            case "delta" if message.delta.WhichOneof("type") == "new_element":
                self._elements[tuple(message.metadata.delta_path)] = message.delta.new_element
            case "auto_rerun":
                interval = message.auto_rerun.interval
                self._ticks[message.auto_rerun.fragment_id] = [
                    interval,
                    time.monotonic() + interval,
                ]
            case "stop_auto_rerun":
                for fragment in message.stop_auto_rerun.fragment_ids:
                    self._ticks.pop(fragment, None)
            case "script_finished":
                self.drawn += 1
