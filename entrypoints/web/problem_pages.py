"""A small page about each kind of problem: what the `type` of an error leads to."""

from flask import Blueprint, Response

from entrypoints.web.problems import KINDS, NOT_FOUND, ProblemFound

blueprint = Blueprint("problems", __name__)


@blueprint.get("/problems/<slug>")
def problem_page(slug: str) -> Response:
    """The page of one kind."""
    kind = KINDS.get(slug)
    if kind is None:
        raise ProblemFound(NOT_FOUND, "There is no such kind of problem.")
    return Response(f"{kind.status} {kind.title}.\n\n{kind.advice}\n", content_type="text/plain; charset=utf-8")
