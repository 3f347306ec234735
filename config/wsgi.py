"""The WSGI application: `gunicorn config.wsgi`."""

from django.core.wsgi import get_wsgi_application

from config.bootstrap import load_settings
from config.middleware.content_type import with_readable_headers

load_settings(status=4)  # the status that makes gunicorn stop and not restart the worker

application = with_readable_headers(get_wsgi_application())
