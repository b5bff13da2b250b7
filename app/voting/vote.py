"""The page to vote: puts the choice into the queue."""

import re
import uuid

from flask import Flask, Response, redirect, render_template, request, url_for
from redis import RedisError
from werkzeug.exceptions import BadRequest

from voting.queue import VoteQueue
from voting.settings import CHOICES, QUESTION
from voting.web import Unavailable, page_app

COOKIE = "voter"
A_YEAR_S = 365 * 24 * 3600


def create_app() -> Flask:
    app = page_app(__name__)
    queue = VoteQueue()

    @app.get("/")
    def page() -> str:
        return render_template(
            "vote.html", question=QUESTION, choices=CHOICES, choice=request.cookies.get("choice"),
        )

    @app.post("/")
    def vote() -> Response:
        choice = request.form.get("choice", "")
        if choice not in CHOICES:
            raise BadRequest(f"choice must be one of: {', '.join(CHOICES)}")
        voter = known_voter() or uuid.uuid4().hex
        try:
            queue.add(voter, choice)
        except RedisError as error:
            raise Unavailable(f"your vote was not taken: Redis is unavailable ({error})") from None
        answer = redirect(url_for("page"), code=303)
        path = url_for("page")
        # A second vote with the same cookie replaces the first.
        for name, value in {COOKIE: voter, "choice": choice}.items():
            answer.set_cookie(name, value, A_YEAR_S, path=path, httponly=True, samesite="Lax")
        return answer

    return app


def known_voter() -> str | None:
    """The id in the cookie, if it is valid."""
    given = request.cookies.get(COOKIE, "")
    return given if re.fullmatch(r"[0-9a-f]{32}", given) else None
