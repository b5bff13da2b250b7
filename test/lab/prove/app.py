"""A page that answers every path. Environment: PORT, DRAIN (seconds that it needs to stop), DEPENDENCY (host:port)."""

import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        body = socket.gethostname().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def stop(*_):
    # Requests are answered for a second, until the balancer no longer names this task.
    def end():
        time.sleep(1 + float(os.environ.get("DRAIN", "0")))
        os._exit(0)

    threading.Thread(target=end).start()


if os.environ.get("HANDLES_TERM", "yes") == "yes":
    signal.signal(signal.SIGTERM, stop)
dependency = os.environ.get("DEPENDENCY")
if dependency:
    host, port = dependency.split(":")

    def watch():
        while True:
            try:
                socket.create_connection((host, int(port)), 2).close()
            except OSError as error:
                print(f"lost {dependency}: {error}", file=sys.stderr)
                os._exit(0)
            time.sleep(1)

    threading.Thread(target=watch, daemon=True).start()
ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("PORT", "8080"))), Page).serve_forever()
