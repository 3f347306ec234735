"""The WSGI application: `gunicorn config.wsgi`."""

import gc

from django.core.wsgi import get_wsgi_application

from config.bootstrap import load_settings
from config.middleware.content_type import with_readable_headers
from config.pulse import with_pulse

STOP = 4  # the status that makes gunicorn stop and not restart the worker

load_settings(status=STOP)

application = with_readable_headers(get_wsgi_application())

# Their models need the applications that are now loaded.
from digest.ops.health.key_report import report_wrong_keys  # noqa: E402
from digest.ops.recovery.start_up import require_keys  # noqa: E402

report_wrong_keys()
require_keys(status=STOP)
application = with_pulse(application)

# Each full garbage collection scanned all objects of our modules, which cost one in twenty admin pages 0.14 s. These
# objects live as long as the process, so no collection needs to scan them. `digest.search.index_cache` freezes its
# large indexes, which are built later and replaced several times a day.
gc.collect()
gc.freeze()
