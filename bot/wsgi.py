"""For a WSGI server of your own: `gunicorn -k bot.web.gthread.Worker --threads 16 bot.wsgi:app`; no --preload.

Every web process sends what its events cause; the timetable runs elsewhere (`tsunagari work --role clock`).
"""

from __future__ import annotations

import atexit

from bot import log
from bot.app import build, create_app, notice_copied_database
from bot.settings import Settings
from bot.steady import settle
from jobs.deliver import Deliverer
from jobs.handbook_counts import Counting

_settings = Settings.from_env()
_services = build(_settings)
log.configure(_settings.log_level, _settings.log_format)
notice_copied_database(_services)
_deliverer = Deliverer(_services.db, _services.line, _services.bell, _services.errands)
_deliverer.start()
atexit.register(_deliverer.stop)
_counting = Counting(_services.db, _services.usage)
_counting.start()
atexit.register(_counting.stop)

app = create_app(_services)
settle(_services)
