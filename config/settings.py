"""All settings, read from the environment or from a file: `.env` beside manage.py, or the one that ENV_FILE names.

README lists all variables; a test keeps the list complete.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from config import beat_schedule, env, logs, secret_key, version
from config.env import BASE_DIR

# Before numpy is imported. We run many processes, and threads that wait for each other use twice the CPU.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
django_stubs_ext.monkeypatch()  # generic classes such as ModelAdmin[Topic]

env.read_file("ENV_FILE", BASE_DIR / ".env")

VERSION = version.read()
# Everything the software writes is below this folder.
VAR_DIR = env.writable_folder("VAR_DIR", BASE_DIR / "var")

# --- Django -----------------------------------------------------------------
SECRET_KEY = env.text("SECRET_KEY", "")
HAS_OWN_SECRET_KEY = bool(SECRET_KEY)
SECRET_KEY = SECRET_KEY or secret_key.read_or_make(VAR_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env.texts("SECRET_KEY_FALLBACKS")
ADDRESS_HASH_KEY = env.text("ADDRESS_HASH_KEY", "") or SECRET_KEY  # changing it loses all suppressions
HOST = env.text("HOST", "127.0.0.1")
PORT = env.whole_number("PORT", 8000, 1, 65535)
LOCAL_URL = f"http://{env.in_address(HOST)}:{PORT}"
SITE_URL = env.origin("SITE_URL", LOCAL_URL)
# make sets DEVELOPMENT even if it serves readers, so debug pages are shown only if the site runs on this machine.
_is_here = all(env.is_loopback(host) for host in (HOST, urlsplit(SITE_URL).hostname or HOST))
DEBUG = env.flag("DEBUG", env.flag("DEVELOPMENT", False) and _is_here)
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", env.in_address(HOST)])
ALLOWED_HOSTS.append(env.in_address(urlsplit(SITE_URL).hostname or HOST))
CSRF_TRUSTED_ORIGINS = [SITE_URL]
if env.flag("BEHIND_HTTPS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

# The number of proxies in front of us that add the address of their client to X-Forwarded-For.
TRUSTED_PROXIES = env.whole_number("TRUSTED_PROXIES", 1 if env.flag("BEHIND_HTTPS_PROXY", False) else 0, 0, 10)

INSTALLED_APPS = [
    "subscriptions",
    "digest",
    "digest.apps.PapersAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "anymail",
]
MIDDLEWARE = [
    "config.middleware.security_headers.headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.compression.Compression",
    "config.middleware.language.language",
    "config.middleware.signed_in_reader.signed_in_reader",
    "config.middleware.request_bodies.bodies",
    "config.middleware.security_headers.OwnNotFoundPage",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.staff_sessions.staff_sessions",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [*env.folders("TEMPLATES_DIR"), BASE_DIR / "templates"],
        "OPTIONS": {
            "environment": "config.jinja2.environment",
            "context_processors": ["config.middleware.signed_in_reader.context"],
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates" / "django"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"  # the target of collectstatic; file names contain a hash of the content
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static_storage.StaticStorage"},
}
WHITENOISE_USE_FINDERS = True  # serves files that were not collected, uncompressed and with a short cache lifetime
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# Maximum sizes of request bodies in bytes (see config/middleware/request_bodies.py). The largest form of readers is the
# settings page: 2,000 characters of own words, percent-encoded, and about two hundred topics.
LARGEST_BODY = 64 * 2**10
UPLOADS = "/admin/subscriptions/readerimport/add/"
LARGEST_BODIES = {
    "/suggest/": 5 * 2**19,  # a bibliography of 2 MB, and the rest of the form
    "/subscribe/": 512 * 2**10,  # with a hundred papers that the visitor started from, compressed
    "/admin/login/": 64 * 2**10,
    UPLOADS: 200 * 2**20,  # a million readers; the file goes to disk, and only staff who may import get it read
    "/admin/": 2 * 2**20,  # a list of feeds of 1 MB, or a logo of 1.5 MB
    "/anymail/": 10 * 2**20,  # reports about a thousand emails at once
}
# The maximum size of a percent-encoded form at any path. It is parsed before a login or a provider's signature can be
# checked, and 1 MB of percent signs takes 0.3 s of CPU. A thousand of Mandrill's events take about 1.2 MB.
LARGEST_FORM = 5 * 2**18
DATA_UPLOAD_MAX_MEMORY_SIZE = max(size for path, size in LARGEST_BODIES.items() if path != UPLOADS)  # without files
USE_TZ = True
TIME_ZONE = "UTC"  # readers have their own time zones
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Logins of staff --------------------------------------------------------
AUTH_PASSWORD_VALIDATORS = [
    {  # refuses the name twice, too
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"max_similarity": 0.6},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["digest.ops.staff.backend.StaffBackend"]
REQUIRE_SECOND_FACTOR = env.one_of("REQUIRE_SECOND_FACTOR", "off", "superusers", "staff")
STAFF_IDLE_HOURS = env.whole_number("STAFF_IDLE_HOURS", 12, 1, 24 * 14)  # without a visit, after which a session ends
SESSION_COOKIE_AGE = env.whole_number("STAFF_SESSION_DAYS", 14, 1, 90) * 86_400  # until each session ends
OTP_TOTP_THROTTLE_FACTOR = 0  # digest.ops.staff.logins counts the attempts
OTP_TOTP_ISSUER = env.text("SITE_NAME", "Daily Papers")  # shown in authenticator apps

# --- Security headers -------------------------------------------------------
# No content from other hosts, and no inline scripts or styles. The admin needs `data:`.
CONTENT_SECURITY_POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "manifest-src": ["'self'"],
    "frame-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"
SECURE_REFERRER_POLICY = "same-origin"  # other sites never see addresses with a reader's token
SECURE_HSTS_SECONDS = 31_536_000 if SITE_URL.startswith("https://") else 0  # sent over https only
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W004",  # HSTS depends on SITE_URL, which digest.W001 checks
    "security.W005",  # subdomains of our host may be other people's sites without https
    "security.W008",  # the proxy redirects to https; its requests to us, and /healthz, use http
    "security.W012",  # secure cookies depend on BEHIND_HTTPS_PROXY, which digest.W004 checks
    "security.W016",
    "security.W021",  # the preload list is hard to leave, so the owner of the domain must decide
]

# --- Database ---------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # A writer takes the lock at BEGIN and waits for it. Upgrading a read lock later would fail at once.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds
        "init_command": (
            # FULL, so that an unsubscription survives a power cut. Workers that send don't need it.
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-64000; "
            "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864;"
        ),
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    # Seconds. A database host that does not answer must not hold up /readyz, or beat, for minutes.
    DATABASES["default"]["OPTIONS"] = {"connect_timeout": 10} | DATABASES["default"].get("OPTIONS", {})

# Files with readers' addresses or keys. Entry points remove other users' permissions; `check --deploy` verifies it.
OUTBOX_DIR = VAR_DIR / "outbox"
RECOVERY_DIR = VAR_DIR / "recovery"  # who had which digest, and how far sending has come, outside the database
PRIVATE_PATHS = [VAR_DIR, RECOVERY_DIR, VAR_DIR / "secret_key", OUTBOX_DIR, VAR_DIR / "journals"]
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    PRIVATE_PATHS += [Path(f"{DATABASES['default']['NAME']}{ending}") for ending in ("", "-wal", "-shm")]

# --- Email ------------------------------------------------------------------
_email = env.mail_server("EMAIL_URL", "outbox://")
# The email providers, in order of preference: “smtp” for EMAIL_URL's server, and names of django-anymail's providers.
EMAIL_PROVIDERS = env.providers("EMAIL_PROVIDERS")
if "smtp" in EMAIL_PROVIDERS and not _email["EMAIL_BACKEND"].endswith(".smtp.EmailBackend"):
    raise ImproperlyConfigured(
        "EMAIL_PROVIDERS names smtp, but EMAIL_URL names no server. Write it like smtp+tls://user:password@host:587."
    )
_first = (EMAIL_PROVIDERS or ["smtp"])[0]
_backend = _email["EMAIL_BACKEND"] if _first == "smtp" else f"anymail.backends.{_first}.EmailBackend"
if len(EMAIL_PROVIDERS) > 1:
    _backend = "digest.delivery.providers.failover_backend.FailoverEmailBackend"
EMAIL_BACKEND = env.mail_backend("EMAIL_BACKEND", _backend)
API_CONNECTIONS = env.whole_number("API_CONNECTIONS", 8, 1, 256)  # concurrent calls to a provider, per worker
HAS_SMTP_SERVER = _email["EMAIL_BACKEND"].endswith(".smtp.EmailBackend")  # by EMAIL_URL; alerts can use it
EMAIL_HOST = _email["EMAIL_HOST"] or "localhost"
EMAIL_PORT = _email["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _email["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = _email["EMAIL_USE_TLS"]
EMAIL_USE_SSL = _email["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = env.whole_number("EMAIL_TIMEOUT", 30, 1, 3600)  # seconds; Django's own default is no timeout
SMTP_CONNECTIONS = env.whole_number("SMTP_CONNECTIONS", 4, 1, 1000)  # per worker
SMTP_MAILS_PER_CONNECTION = env.whole_number("SMTP_MAILS_PER_CONNECTION", 1000, 1, 1_000_000)
DEFAULT_FROM_EMAIL = env.sender("FROM_EMAIL", "Daily Papers <papers@localhost>")
# All settings of django-anymail: ANYMAIL_POSTMARK_SERVER_TOKEN=… and so on.
ANYMAIL: dict[str, Any] = env.anymail()
if "WEBHOOK_SECRET" in ANYMAIL:  # several, separated by commas, while the secret is rotated
    ANYMAIL["WEBHOOK_SECRET"] = [secret.strip() for secret in ANYMAIL["WEBHOOK_SECRET"].split(",") if secret.strip()]
    if not all(":" in secret for secret in ANYMAIL["WEBHOOK_SECRET"]):
        raise ImproperlyConfigured("ANYMAIL_WEBHOOK_SECRET: write user:password; separate several with commas.")
# No open pixel, no click redirect. The other providers offer this only in their dashboards.
_WITH_TRACKING = ("MAILERSEND", "MAILGUN", "MAILJET", "MANDRILL", "POSTMARK", "SENDGRID", "SPARKPOST", "UNISENDER_GO")
ANYMAIL |= {f"{provider}_SEND_DEFAULTS": {"track_opens": False, "track_clicks": False} for provider in _WITH_TRACKING}

# Sending rates of all workers together. See digest/delivery/limits/rate_settings.py for the format.
SEND_RATE = env.mail_rates("SEND_RATE")
DOMAIN_RATES = env.mail_lanes("DOMAIN_RATES")
SEND_PER_DAY = env.whole_number("SEND_PER_DAY", 0, 0, 10**9)  # 0: no limit
WARM_UP_FROM = env.day("WARM_UP_FROM")  # the first day of a new domain
WARM_UP_FIRST_DAY = env.whole_number("WARM_UP_FIRST_DAY", 200, 1, 10**6)
WARM_UP_DOUBLES_EVERY = env.whole_number("WARM_UP_DOUBLES_EVERY", 2, 1, 30)  # days
SEND_SPREAD_MINUTES = env.whole_number("SEND_SPREAD_MINUTES", 10, 0, 59)  # spreads the load of each full hour

# Rates within SPAN of `digest.ops.reputation`, in percent of emails sent. They pause sending until an admin ends it.
PAUSE_AT_COMPLAINTS = env.percent("PAUSE_AT_COMPLAINTS", "0.3")
PAUSE_AT_BOUNCES = env.percent("PAUSE_AT_BOUNCES", "8")
RED_AT_COMPLAINTS = env.percent("RED_AT_COMPLAINTS", "0.1")
RED_AT_BOUNCES = env.percent("RED_AT_BOUNCES", "4")
RATES_FROM_MAILS = env.whole_number("RATES_FROM_MAILS", 200, 1, 10**9)  # with fewer emails, rates are not significant

# --- Celery -----------------------------------------------------------------
CELERY_BROKER_URL = env.broker("CELERY_BROKER_URL", "memory://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 240  # seconds
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_ROUTES = {
    "digest.tasks.collect_source": {"queue": "fetch"},
    "digest.tasks.enrich_papers": {"queue": "fetch"},
    "digest.tasks.bring_in_thumbnails": {"queue": "fetch"},
    "digest.tasks.catch_up_source": {"queue": "fetch"},
    "digest.tasks.send_shards": {"queue": "send"},
    "digest.tasks.send_webhooks": {"queue": "fetch"},
    "digest.tasks.run_jobs": {"queue": "jobs"},
    "digest.tasks.work_out_vectors": {"queue": "fetch"},
    "*": {"queue": "tick"},
}
CELERY_TASK_CREATE_MISSING_QUEUES = True
# A worker without -Q serves all queues.
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {name: {} for name in ("tick", "fetch", "send", "jobs")}
CELERY_TASK_DEFAULT_QUEUE = "tick"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker however long that is down
if CELERY_BROKER_URL.startswith("memory:"):
    # With late acknowledgement and a prefetch of 1, the in-memory broker would wait for its poll before each task.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.05}
    CELERY_WORKER_PREFETCH_MULTIPLIER = 64
else:
    CELERY_WORKER_PREFETCH_MULTIPLIER = 1
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 900,  # seconds; must be well above the hard time limit, or tasks would run twice
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
    }
CELERY_WORKER_CONSUMER = "digest.processes.worker:Consumer"
CELERY_BEAT_SCHEDULER = "digest.processes.beat:Scheduler"
CELERY_BEAT_SCHEDULE = beat_schedule.BEAT
CELERY_TASK_ANNOTATIONS = {name: {"max_age": seconds} for name, seconds in beat_schedule.MAX_AGES.items()}

# --- Daily Papers -----------------------------------------------------------
SITE_NAME = env.text("SITE_NAME", "Daily Papers")
POSTAL_ADDRESS = env.text("POSTAL_ADDRESS", "")
# Plain text with empty lines between paragraphs, or the path of a file.
PRIVACY_TEXT = env.prose("PRIVACY_TEXT")  # replaces the description of what this software stores
IMPRINT_TEXT = env.prose("IMPRINT_TEXT")
# Without a postal address, no digest is sent. Many countries require it by law.
REQUIRE_POSTAL_ADDRESS = env.flag("REQUIRE_POSTAL_ADDRESS", EMAIL_BACKEND != "subscriptions.outbox.EmailBackend")
OPERATORS = env.addresses("OPERATORS")  # who gets the daily report, and alerts
ALERT_URL = env.alert_address("ALERT_URL")  # a second way for alerts, in addition to email
# A dead man's switch: it is requested after each good tick, so that it can alert if the requests end.
HEARTBEAT_URL = env.secret_address("HEARTBEAT_URL", "https://hc-ping.com/your-uuid")
CONTACT_EMAIL = env.address("CONTACT_EMAIL")  # in the User-Agent, so that sources can reach the operator
HUGGINGFACE_URL = env.web_address("HUGGINGFACE_URL", "https://huggingface.co")
ARXIV_FEEDS_URL = env.web_address("ARXIV_FEEDS_URL", "https://rss.arxiv.org")
ARXIV_API_URL = env.web_address("ARXIV_API_URL", "https://export.arxiv.org")
ARXIV_OAI_URL = env.web_address("ARXIV_OAI_URL", "https://oaipmh.arxiv.org")
# UTC. At this hour, America has voted, and the next morning has not begun anywhere, not even in New Zealand.
PUBLISH_HOUR = env.whole_number("PUBLISH_HOUR", 16, 0, 23)
# The action for an email that may or may not have arrived: "resend" (it may arrive twice) or "leave".
UNCERTAIN_MAILS = env.one_of("UNCERTAIN_MAILS", "resend", "leave")
# Limits on forms that send email: posts per network, which may be shared by a seminar and must not use up a domain's
# limit; sign-ups per email domain and in total (those beyond wait); confirmation emails per address.
LIMIT_PER_NETWORK = env.rates("LIMIT_PER_NETWORK", "20/10m 40/1d")
LIMIT_PER_DOMAIN = env.rates("LIMIT_PER_DOMAIN", "50/1h")
LIMIT_IN_ALL = env.rates("LIMIT_IN_ALL", "500/1h")
LIMIT_PER_ADDRESS = env.rates("LIMIT_PER_ADDRESS", "3/1h 4/1d 6/30d")
RECORD_IP_ADDRESSES = env.flag("RECORD_IP_ADDRESSES", True)  # in the log of consents
RETENTION_DAYS = env.whole_number("RETENTION_DAYS", 90, 30, 3650)  # of network addresses, deliveries, events, logs
# From then on, only keyed hashes of readers who unsubscribed are kept. For 30 days they may return with one click.
RETENTION_UNSUBSCRIBED_DAYS = env.whole_number("RETENTION_UNSUBSCRIBED_DAYS", 90, 0, 3650)  # 0: for ever
if 0 < RETENTION_UNSUBSCRIBED_DAYS < 30:
    raise ImproperlyConfigured("RETENTION_UNSUBSCRIBED_DAYS is below 30. Set it to 30 or more, or to 0 to keep them.")
# The catalogues of topics that are on at first; later, the admin decides.
TOPIC_CATALOGUES = env.some_of("TOPIC_CATALOGUES", "ai", "arxiv", "biorxiv", "medrxiv")
MATCH_BY_MEANING = env.flag("MATCH_BY_MEANING", True)  # 150 MB in each process that encodes
FETCH_LIMIT_MB = env.whole_number("FETCH_LIMIT_MB", 20, 1, 1000)  # the decompressed size of one answer
FETCH_THUMBNAILS = env.flag("FETCH_THUMBNAILS", True)  # of papers, to serve them from this site
EMBED_ALLOWED_SITES = env.origins("EMBED_ALLOWED_SITES")  # may show /embed/ in a frame
FETCH_PRIVATE_HOSTS = env.flag("FETCH_PRIVATE_HOSTS", False)  # may admins' feed addresses name private hosts?

# Public APIs for the profiles of authors, and for arXiv papers, that visitors name to start from. Requests go to these
# hosts and ARXIV_API_URL only.
READ_PROFILES = env.flag("READ_PROFILES", True)
ORCID_API_URL = env.web_address("ORCID_API_URL", "https://pub.orcid.org")
SEMANTIC_SCHOLAR_API_URL = env.web_address("SEMANTIC_SCHOLAR_API_URL", "https://api.semanticscholar.org")
SEMANTIC_SCHOLAR_API_KEY = env.text("SEMANTIC_SCHOLAR_API_KEY")  # without one, many are refused at busy times
DBLP_URL = env.web_address("DBLP_URL", "https://dblp.org")

# A server with OpenAI's API for chats, up to and including /v1: it writes summaries of papers that have none.
SUMMARY_API_URL = env.web_address("SUMMARY_API_URL", "") if env.text("SUMMARY_API_URL") else ""
SUMMARY_API_KEY = env.text("SUMMARY_API_KEY")
SUMMARY_MODEL = env.text("SUMMARY_MODEL")
SUMMARY_MAX_PER_DAY = env.whole_number("SUMMARY_MAX_PER_DAY", 100, 0, 100_000)
SUMMARY_TIMEOUT = env.whole_number("SUMMARY_TIMEOUT", 30, 1, 300)  # seconds for one answer

# Another, or the same: it assesses whether borderline papers fit what readers follow.
JUDGE_API_URL = env.web_address("JUDGE_API_URL", "") if env.text("JUDGE_API_URL") else ""
JUDGE_API_KEY = env.text("JUDGE_API_KEY")
JUDGE_MODEL = env.text("JUDGE_MODEL")
JUDGE_MAX_PER_DAY = env.whole_number("JUDGE_MAX_PER_DAY", 500, 0, 1_000_000)
JUDGE_TIMEOUT = env.whole_number("JUDGE_TIMEOUT", 30, 1, 300)  # seconds for one answer

# --- Monitoring -------------------------------------------------------------
METRICS_TOKEN = env.text("METRICS_TOKEN")  # Prometheus sends it; without one, only this machine may read /metrics
LOGGING = logs.to_console(
    env.one_of("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL"), env.one_of("LOG_FORMAT", "text", "json")
)
# A server with Sentry's protocol that collects errors.
SENTRY_DSN = env.secret_address("SENTRY_DSN", "https://key@sentry.example.org/1")
SENTRY_ENVIRONMENT = env.text("SENTRY_ENVIRONMENT", "production")
