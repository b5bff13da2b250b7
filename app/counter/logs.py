"""Structured logs of the app and gunicorn: one JSON object per line on stdout."""

import json
import logging
import os
import sys
from datetime import datetime, timedelta, timezone
from typing import Any

from gunicorn.glogging import Logger

from counter.settings import Settings, read_settings

REQUEST_ID = "counter.request_id"
"""Key of the request's id in the WSGI environment, for the access log."""


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._origin = {"replica": settings.replica, "node": settings.node}

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._origin,
            "pid": os.getpid(),
            **getattr(record, "request", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class GunicornJsonLogger(Logger):
    """Logger of gunicorn with JSON output: logger_class in gunicorn.conf.py."""

    def setup(self, cfg: Any) -> None:
        settings = read_settings(os.environ)
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(JsonFormatter(settings))
        for logger in (self.error_log, self.access_log, logging.getLogger("counter")):
            logger.handlers = [handler]
            logger.propagate = False
            logger.setLevel(settings.log_level)

    def reopen_files(self) -> None:
        """Does nothing: stdout cannot be reopened."""

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        status = int(str(resp.status).split(" ", 1)[0])
        path = environ.get("PATH_INFO", "")
        # A health check every two seconds would hide all else.
        routine = path.startswith("/health") and status == 200
        self.access_log.log(
            logging.DEBUG if routine else logging.INFO,
            "request",
            extra={"request": {
                "method": environ.get("REQUEST_METHOD", ""),
                "path": path,  # without the query, which may contain private data
                "status": status,
                "duration_ms": round(request_time / timedelta(milliseconds=1), 3),
                "request_id": environ.get(REQUEST_ID, ""),
            }},
        )
