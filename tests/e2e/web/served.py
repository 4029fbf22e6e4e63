"""The application of the web tests as gunicorn serves it, over memory."""

from tests.e2e.web.web_world import WebWorld

web = WebWorld()
web.app.config["BODY_SILENCE_SECONDS"] = 0.5
app = web.app
