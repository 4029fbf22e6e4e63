"""Headers that every answer carries."""

from flask import Flask, Response

NOTHING_ALLOWED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_HSTS = ("Strict-Transport-Security", "max-age=31536000")


def register(app: Flask, *, is_https: bool) -> None:
    """Have every answer of `app` carry them; a view's own Cache-Control and Content-Security-Policy stand."""
    always = (*_ALWAYS, _HSTS) if is_https else _ALWAYS

    @app.after_request
    def protect(response: Response) -> Response:
        headers = response.headers
        headers.extend(always)
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store"
        if "Content-Security-Policy" not in headers:
            headers["Content-Security-Policy"] = NOTHING_ALLOWED
        return response
