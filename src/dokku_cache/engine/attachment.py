"""Reading what a container prints, line by line and with a time limit.

The SDK's own stream waits without any limit (docker 7.1, docker/utils/socket.py), which a purge inside a deploy
must not; so the frames of the attach call are taken apart here.
"""

import struct
from collections.abc import Iterator
from typing import Any

from dokku_cache.errors import Unknown

#: A frame: stream number, three unused bytes, length (Docker Engine API 1.41, "Attach to a container").
_HEADER = struct.Struct(">BxxxL")
_STDERR = 2
#: The helper gives a sign of life every 5 s.
SILENCE_SECONDS = 120
_KEPT_OF_STDERR = 2000


class Attachment:
    """The output of a container that is not yet started. ``said_on_stderr`` is complete after ``lines``."""

    def __init__(self, api: Any, container_id: str) -> None:
        stream = api.attach_socket(container_id, params={"stdout": 1, "stderr": 1, "stream": 1})
        # The SDK hands out a SocketIO around the socket, whose own timeout is what counts.
        self._socket = getattr(stream, "_sock", stream)
        # Kept by the SDK next to what it hands out (docker 5.0.3 and 7.2, APIClient._get_raw_response_socket).
        self._response = getattr(stream, "_response", stream)
        self._socket.settimeout(SILENCE_SECONDS)
        self._stderr = b""

    @property
    def said_on_stderr(self) -> str:
        """What the container complained of, in one line."""
        return "; ".join(self._stderr.decode(errors="backslashreplace").split("\n")).strip("; ")

    def lines(self) -> Iterator[bytes]:
        """Give the lines of standard output, without their ends. Raises Unknown after too long a silence."""
        rest = b""
        try:
            for stream, data in self._frames():
                if stream == _STDERR:
                    # A mere sign of life ends the silence, and is no complaint.
                    self._stderr = (self._stderr + data.replace(b"alive\n", b""))[:_KEPT_OF_STDERR]
                    continue
                *lines, rest = (rest + data).split(b"\n")
                yield from lines
        except TimeoutError as error:
            raise Unknown(f"the helper container did not respond for {SILENCE_SECONDS} s", "purge again") from error
        except OSError as error:
            raise Unknown(f"the connection to Docker was lost ({error.strerror})", "purge again") from error

    def close(self) -> None:
        """Close the connection. The response first, for it closes what it reads from, and that the socket.

        The other way round Python 3.13 complains of a file that is closed already when the response is forgotten.
        """
        self._response.close()
        self._socket.close()

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        while header := self._read(_HEADER.size):
            stream, length = _HEADER.unpack(header)
            yield stream, self._read(length)

    def _read(self, length: int) -> bytes:
        """Read exactly so many bytes; none when the stream ended."""
        data = b""
        while len(data) < length:
            piece = self._socket.recv(length - len(data))
            if not piece:
                return b""
            data += piece
        return data
