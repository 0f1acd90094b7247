"""HTTP as llhttp reads it, which is compiled: a tenth of what one row's answer takes, against a reader in Python.

llhttp sets no bound to what comes beside a body, so one is set here: names and values of headers are held until the
last of them is there.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Bytes of a request's head, trailers and the frames of chunks. What was read at once with them may go beyond it.
MOST_BESIDES = 2**20


class BoundedProtocol(HttpToolsProtocol):
    """One connection, which is closed when more than `MOST_BESIDES` comes beside a request's body."""

    _besides = 0

    def data_received(self, data: bytes) -> None:
        """Read on, and look at how much of it was no body."""
        self._besides += len(data)
        super().data_received(data)
        if self._besides > MOST_BESIDES and not self.transport.is_closing():
            self.send_400_response("The request has too much beside its body.")

    def on_message_begin(self) -> None:
        """Count from nothing again."""
        self._besides = 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Leave out what is bounded where it is read."""
        self._besides -= len(body)
        super().on_body(body)
