"""A visitor without a browser, which uses the same WebSocket protocol as Streamlit's frontend.

It draws nothing, so a computer can run many more of these than browsers, and the times that they
measure are those of the server.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

_PROGRESS = re.compile(r"-badge\[.*\] \*\*([\d,]+)\*\* (?:of [\d,]+ )?iterations")


@contextmanager
def visiting(url: str, query: str = "", patience: float = 60) -> Iterator[Session]:
    """Visit the page at ``url`` with ``query`` in its address; leaving closes it like a tab.

    patience: seconds in which the page must be drawn.
    """
    with connect(
        url.replace("http", "ws", 1) + "/_stcore/stream",
        subprotocols=["streamlit"],
        compression=None,
        max_size=None,
        proxy=None,
    ) as socket:
        session = Session(socket, query)
        session.wait_for(lambda: session.drawn > 0, patience)
        yield session


class Session:
    """An open page: reads its elements and sends clicks."""

    def __init__(self, socket: ClientConnection, query: str) -> None:
        self.drawn = 0  # completed runs of the page or of a fragment
        self._socket = socket
        self._query, self._page = query, ""
        self._elements: dict[tuple[int, ...], Element] = {}
        self._ticks: dict[str, list[float]] = {}  # fragment: its interval, its next time
        self._chosen: dict[str, str] = {}  # id of pills: the option
        self._request_rerun()

    # -- actions ------------------------------------------------------------------------------

    def press(self, label: str) -> None:
        """Click the button with this label."""
        message = self._message()
        message.rerun_script.widget_states.widgets.add(
            id=self._one("button", label).id, trigger_value=True
        )
        self._send(message)

    def pick(self, label: str, option: str) -> None:
        """Select an option of the pills with this label, after the page has drawn them."""
        self.wait_for(
            lambda: any(e.button_group.label == label for e in self._of("button_group")), 30
        )
        self._chosen[self._one("button_group", label).id] = option
        self._send(self._message())

    def wait_for(self, condition: Callable[[], object], seconds: float) -> None:
        """Receive messages and rerun fragments on time until the condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            now = time.monotonic()
            assert now < end, f"timeout; the page shows {list(self._texts())}"
            for fragment, tick in self._ticks.items():
                if now >= tick[1]:
                    tick[1] = now + tick[0]
                    self._request_rerun(fragment)
            self._receive(min([now + 0.05, *(tick[1] for tick in self._ticks.values())]) - now)

    # -- reading ------------------------------------------------------------------------------

    def says(self, words: str) -> bool:
        """Return whether the page shows these words anywhere."""
        return any(words in text for text in self._texts())

    def has_button(self, label: str) -> bool:
        """Return whether the page shows a button with this label."""
        return any(element.button.label == label for element in self._of("button"))

    def iterations(self) -> int:
        """Return the iterations that the progress shows, 0 before training."""
        found = _PROGRESS.search(self.progress())
        return int(found[1].replace(",", "")) if found else 0

    def progress(self) -> str:
        """Return the line with the progress of the training, "" before training."""
        return next((text for text in self._texts() if _PROGRESS.search(text)), "")

    def _texts(self) -> Iterator[str]:
        texts = (getattr(e, kind).body for kind in ("markdown", "alert") for e in self._of(kind))
        return (text.replace("\\", "") for text in texts)

    def _of(self, kind: str) -> list[Element]:
        return [e for e in self._elements.values() if e.WhichOneof("type") == kind]

    def _one(self, kind: str, label: str):
        widgets = [getattr(element, kind) for element in self._of(kind)]
        (found,) = (widget for widget in widgets if widget.label == label)
        return found

    # -- the protocol ---------------------------------------------------------------------------

    def _request_rerun(self, fragment: str = "") -> None:
        self._send(self._message(fragment))

    def _message(self, fragment: str = "") -> BackMsg:
        message = BackMsg()
        run = message.rerun_script
        run.query_string, run.page_script_hash = self._query, self._page
        run.fragment_id, run.is_auto_rerun = fragment, bool(fragment)
        # The frontend sends all values each time: of two requests that arrive while the server is
        # busy, Streamlit drops the values of the first.
        for pills, option in self._chosen.items():
            widget = run.widget_states.widgets.add(id=pills)
            widget.string_array_value.data.append(option)
        return message

    def _send(self, message: BackMsg) -> None:
        self._socket.send(message.SerializeToString())

    def _receive(self, seconds: float) -> None:
        """Handle the next message if one arrives within so many seconds."""
        try:
            message = ForwardMsg.FromString(self._socket.recv(timeout=max(0.0, seconds)))
        except TimeoutError:
            return
        match message.WhichOneof("type"):
            case "new_session" if not message.metadata.run.fragment_ids:  # a run of the whole page
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
            # A run that ends early is drawn anew at once.
            case "script_finished" if (
                message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
            ):
                self.drawn += 1
