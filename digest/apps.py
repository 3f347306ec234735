"""The configuration of the app and of its admin."""

import gc

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class DigestConfig(AppConfig):
    name = "digest"
    verbose_name = "Papers and sending"
    default = True

    def ready(self) -> None:
        from digest import signals  # noqa: F401  # the import registers them
        from digest.ops import system_checks  # noqa: F401  # the import registers them
        from digest.ops.health import deploy_checks  # noqa: F401  # the import registers them


class PapersAdminConfig(admin_apps.AdminConfig):
    default_site = "digest.admin_site.PapersAdminSite"
    default = False

    def ready(self) -> None:
        """Load the admin, the last modules to load, and enable the garbage collector that `config` disabled."""
        super().ready()
        gc.enable()
