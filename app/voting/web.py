"""What both pages have in common."""

from flask import Flask, Response, jsonify
from werkzeug.middleware.proxy_fix import ProxyFix

from voting.settings import WHO


class Unavailable(Exception):
    """What a page needs does not answer; the message says what."""


def page_app(name: str) -> Flask:
    """An app that says who answered, may stand below a path, and lives without what it needs."""
    app = Flask(name)
    # The balancer says below which path it has put us: links and cookies follow.
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
        """For the container's own check: an outage elsewhere must not get this replica restarted."""
        return jsonify(status="ok")

    return app
