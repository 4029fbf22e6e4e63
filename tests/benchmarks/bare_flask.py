"""The least that a Flask application can do with a POST: read the body, answer JSON."""

from flask import Flask, request

app = Flask(__name__)


@app.post("/")
def take() -> dict[str, int]:
    """Answer how long the body was."""
    return {"bytes": len(request.get_data())}
