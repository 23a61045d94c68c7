"""The ceiling of every call: a Flask app whose only view answers a constant."""

from __future__ import annotations

from flask import Flask, Response, jsonify

app = Flask(__name__)


@app.get("/")
def answer() -> Response:
    """A small JSON object, made anew for each request."""
    return jsonify({"id": 1, "name": "Broker", "registered": True})
