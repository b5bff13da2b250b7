"""Configuration of gunicorn for the Counter app; `gunicorn` in this folder reads it."""

import os
import sys
import time

from counter.logs import GunicornJsonLogger
from counter.settings import SettingsError, read_settings

try:
    settings = read_settings(os.environ)
except SettingsError as error:
    sys.exit(f"counter: {error}")

wsgi_app = "counter.web:create_app()"
bind = f"0.0.0.0:{settings.port}"
workers = settings.workers
worker_class = "gthread"
threads = 8
logger_class = GunicornJsonLogger
loglevel = settings.log_level.lower()
# Workers touch a file as heartbeat; on a disk this can block for seconds.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# Longer than any request, shorter than the stack's stop_grace_period.
graceful_timeout = 10
timeout = 30
keepalive = 5


def when_ready(server):
    """Delays the stop: balancers that learn of it late still send requests."""
    stop = server.handle_term

    def stop_later():
        time.sleep(settings.stop_delay)
        stop()

    server.handle_term = stop_later
