#!/bin/sh
# The start of a container, by role: migrate, web, worker, beat or allinone. Other words are commands of manage.py.
set -eu
cd "$(dirname "$0")/.."
umask 077
role=${1:-}
[ $# -eq 0 ] || shift

fail() {
  echo "docker-entrypoint: $1" >&2
  exit 1
}

needs() {
  eval "value=\${$1:-}"
  [ -n "$value" ] || fail "$1 is not set. $2"
}

# Several containers share the database, the broker and the keys. Each default is for one process alone.
needs_services() {
  needs SECRET_KEY "Write it into .env; it must be the same in all containers."
  needs DATABASE_URL "Write it like postgresql://user:password@host/name."
  needs CELERY_BROKER_URL "Write it like redis://host:6379/0."
  python manage.py wait_for_database
}

case $role in
  migrate) # once for each release, before all other containers start
    needs_services
    python manage.py migrate --noinput
    exec python manage.py load_topics
    ;;
  web)
    needs_services
    python manage.py collectstatic --noinput -v0
    exec gunicorn -c deploy/gunicorn.conf.py config.wsgi "$@"
    ;;
  worker)
    needs_services
    exec celery --quiet -A config worker --concurrency "${CONCURRENCY:-2}" --without-mingle --without-gossip "$@"
    ;;
  beat)
    needs_services
    exec celery --quiet -A config beat "$@"
    ;;
  allinone)
    exec python manage.py allinone "$@"
    ;;
  "") fail "write a role: migrate, web, worker, beat, allinone, or a command of manage.py" ;;
  *) exec python manage.py "$role" "$@" ;;
esac
