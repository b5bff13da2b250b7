"""The page with the result."""

import psycopg2
from flask import Flask, Response, jsonify, render_template

from voting.settings import CHOICES, QUESTION, WHO
from voting.store import open_store
from voting.web import Unavailable, page_app


def create_app() -> Flask:
    app = page_app(__name__)

    @app.get("/")
    def page() -> str:
        counts = standing()
        return render_template(
            "result.html", question=QUESTION, counts=counts, total=sum(counts.values()),
        )

    @app.get("/api/result")
    def result() -> Response:
        return jsonify(counts=standing(), **WHO)

    return app


def standing() -> dict[str, int]:
    """Each choice with its number of votes."""
    try:
        with open_store() as store:
            counts = store.counts()
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise Unavailable(f"the result is not known: the database is away ({reason})") from None
    return {choice: counts.get(choice, 0) for choice in CHOICES}
