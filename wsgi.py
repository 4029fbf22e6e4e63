"""What gunicorn serves: `gunicorn wsgi:app`."""

from entrypoints.bootstrap import create_app

app = create_app()
