from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from digest.ops.recovery.start_up import require_keys, require_release
from digest.processes import single_process
from subscriptions.topics import catalogues
from subscriptions.topics.catalogue import CatalogueError


class Command(BaseCommand):
    help = "Set up the database, then run the web server, worker and beat in one process until Ctrl-C."
    requires_migrations_checks = False
    lock_name = "allinone.lock"

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with single_process.only_instance(settings.VAR_DIR / self.lock_name):
                # Before the web server reads the list of static files.
                call_command("collectstatic", interactive=False, verbosity=0)
                web = single_process.open_web_server(settings.HOST, settings.PORT)
                self.prepare()
                self.stdout.write(f"Daily Papers is ready: {settings.LOCAL_URL}/  (Ctrl-C stops it)")
                self.greet()
                self.stdout.flush()
                single_process.serve(current_app, web)
        except (single_process.CannotServeError, CatalogueError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            pass  # Ctrl-C before the worker listens for it
        self.stdout.write("Stopped. Emails that were not sent yet stay in the queue until the next start.")

    def prepare(self) -> None:
        """Migrate the database, check it and load the topics, before the first request."""
        require_release()
        call_command("migrate", verbosity=0)
        require_keys()
        catalogues.load()

    def greet(self) -> None:
        if settings.EMAIL_BACKEND == "subscriptions.outbox.EmailBackend":
            hint = f"Read them at {settings.SITE_URL}/outbox/" if settings.DEBUG else "Set EMAIL_URL to send them."
            self.stdout.write(f"Emails are written to files in {settings.OUTBOX_DIR}. {hint}")
        if not get_user_model().objects.filter(is_superuser=True).exists():
            how = "make admin" if settings.DEBUG else "manage.py createsuperuser (run as the same user)"
            self.stdout.write(f"Create an account for the admin with: {how}")
