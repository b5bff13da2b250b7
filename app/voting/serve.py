"""Configuration of gunicorn for both pages: `gunicorn -c python:voting.serve 'voting.vote:create_app()'`."""

import os

bind = f"0.0.0.0:{os.environ.get('PORT') or 8080}"
workers = 1
worker_class = "gthread"
threads = 8
# Workers touch a file as heartbeat; on a disk this can block for seconds.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
graceful_timeout = 10
timeout = 30
keepalive = 5
