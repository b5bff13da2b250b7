"""Common parts of both pages."""

from flask import Flask, Response, jsonify
from werkzeug.middleware.proxy_fix import ProxyFix

from voting.settings import WHO


class Unavailable(Exception):
    """A service that the page needs does not answer; the message names it."""


def page_app(name: str) -> Flask:
    """An app with headers of its replica, which can run below a path and without its dependencies."""
    app = Flask(name)
    # The balancer sends the path of the app, for links and cookies.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=0, x_proto=0, x_host=0, x_prefix=1)

    @app.context_processor
    def who() -> dict[str, str]:
        return WHO

    @app.after_request
    def sign(response: Response) -> Response:
        response.headers["X-Replica"] = WHO["replica"]
        response.headers["X-Node"] = WHO["node"]
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = "default-src 'self'"
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    @app.errorhandler(Unavailable)
    def unavailable(error: Unavailable) -> tuple[Response, int]:
        return jsonify(error=str(error), **WHO), 503

    @app.get("/health")
    def health() -> Response:
        """The container's health check: an outage of a dependency must not restart this replica."""
        return jsonify(status="ok")

    return app
