"""Prints the 99th percentile, in seconds, of small HTTP requests to a server on this machine.

neighbor.py SECONDS
"""

import http.client
import http.server
import sys
import threading
import time


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "4096")
        self.end_headers()
        self.wfile.write(bytes(4096))

    def log_message(self, *_: object) -> None:
        """Log nothing."""


server = http.server.HTTPServer(("127.0.0.1", 0), _Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
seconds: list[float] = []
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1])
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()
    seconds.append(time.perf_counter() - begun)
    time.sleep(0.002)  # without a pause it would measure its own load
print(sorted(seconds)[len(seconds) * 99 // 100])
