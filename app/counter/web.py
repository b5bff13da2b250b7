"""HTTP: the page, the JSON API and the health checks."""

import os
import re
import uuid
from collections.abc import Callable

from flask import Flask, Response, jsonify, redirect, render_template, request
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.wrappers import Response as AnyResponse

from counter.executor import CommandExecutor
from counter.errors import StoreUnavailable
from counter.health import HealthCheck
from counter.logs import REQUEST_ID
from counter.redis_topology import create_topology
from counter.settings import Settings, read_settings
from counter.store import CounterStore
from counter.redis_monitor import start_monitor

ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
STATIC_CACHE_S = 3600


def create_app() -> Flask:
    """The app for gunicorn. Connects to Redis in the background."""
    settings = read_settings(os.environ)
    topology = create_topology(settings.redis, settings.key)
    executor = CommandExecutor(topology)
    # Not in the foreground: until Redis answers, requests get a 503.
    start_monitor(topology, executor, settings.redis.timeout)
    return build_app(
        settings,
        CounterStore(settings.redis, settings.key, executor),
        HealthCheck(settings.redis, settings.key, topology, executor),
        executor,
    )


def build_app(settings: Settings, store: CounterStore, check: HealthCheck, executor: CommandExecutor) -> Flask:
    """Creates the app with its routes, headers and error handlers."""
    app = Flask(__name__)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_CACHE_S
    actions = {
        "increment": store.increment,
        "decrement": store.decrement,
        "reset": store.reset,
    }
    _mark_requests(app, settings)
    _add_errors(app)
    _add_page(app, settings, store, actions)
    _add_api(app, settings, store, actions)
    _add_health(app, check, executor)
    return app


Actions = dict[str, Callable[[], int]]
Reply = tuple[Response, int]


def _mark_requests(app: Flask, settings: Settings) -> None:
    """Gives each request an id, and each response headers with the replica and node."""

    @app.before_request
    def name_request() -> None:
        requested = request.headers.get("X-Request-ID", "")
        usable = ACCEPTABLE_ID.fullmatch(requested)
        request.environ[REQUEST_ID] = requested if usable else uuid.uuid4().hex

    @app.after_request
    def sign_response(response: Response) -> Response:
        response.headers["X-Replica"] = settings.replica
        response.headers["X-Node"] = settings.node
        response.headers["X-Request-ID"] = request.environ[REQUEST_ID]
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = "default-src 'self'"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response


def _add_errors(app: Flask) -> None:
    @app.errorhandler(StoreUnavailable)
    def store_unavailable(error: StoreUnavailable) -> Reply:
        response = jsonify(error=str(error))
        response.headers["Retry-After"] = "1"
        return response, 503

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> AnyResponse | HTTPException:
        if not request.path.startswith(("/api/", "/health")):
            return error
        # The response of the error has headers for its status, such as Allow for a 405.
        response = error.get_response()
        response.data = app.json.dumps({"error": f"{error.code} {error.name}"}) + "\n"
        response.content_type = "application/json"
        return response


def _add_page(app: Flask, settings: Settings, store: CounterStore, actions: Actions) -> None:
    @app.get("/")
    def page(problem: str | None = None) -> tuple[str, int]:
        try:
            count = store.value()
        except StoreUnavailable as error:
            count, problem = None, problem or str(error)
        html = render_template(
            "index.html",
            count=count,
            problem=problem,
            replica=settings.replica,
            node=settings.node,
        )
        return html, 503 if problem else 200

    @app.post("/")
    def press_button() -> AnyResponse | tuple[str, int]:
        action = actions.get(request.form.get("action", ""))
        if action is None:
            raise BadRequest(f"action must be one of: {', '.join(actions)}")
        try:
            action()
        except StoreUnavailable as error:
            # Without a redirect: the error would be gone on the next page.
            return page(str(error))
        return redirect("/", code=303)


def _add_api(app: Flask, settings: Settings, store: CounterStore, actions: Actions) -> None:
    def state(count: int) -> Response:
        return jsonify(count=count, replica=settings.replica, node=settings.node)

    @app.get("/api/counter")
    def read() -> Response:
        return state(store.value())

    for name, action in actions.items():
        def change(action: Callable[[], int] = action) -> Response:
            return state(action())

        app.add_url_rule(f"/api/counter/{name}", name, change, methods=["POST"])


def _add_health(app: Flask, check: HealthCheck, executor: CommandExecutor) -> None:
    @app.get("/health")
    def health() -> Reply:
        current = check.now()
        reason = {"reason": current.reason} if current.reason else {}
        return jsonify(status=current.status, **reason), 503 if current.status == "unavailable" else 200

    @app.get("/health/started")
    def started() -> Reply:
        """The container's health check: a Redis outage must not restart replicas."""
        if executor.reached_once:
            return jsonify(status="ok"), 200
        return jsonify(status="starting", reason="Redis has not been reached yet"), 503
