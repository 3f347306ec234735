"""Celery beat with a clock that runs ahead: python -m tests.services.shifted_beat SECONDS"""

import datetime as dt
import sys

import time_machine
from celery.__main__ import main

if __name__ == "__main__":
    ahead = dt.timedelta(seconds=int(sys.argv[1]))
    time_machine.travel(dt.datetime.now(dt.UTC) + ahead, tick=True).start()
    sys.argv = ["celery", "-A", "config", "beat", "-l", "WARNING"]
    main()
