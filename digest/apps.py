import gc

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class DigestConfig(AppConfig):
    name = "digest"
    verbose_name = "Digest: what is sent"
    default = True

    def ready(self) -> None:
        from digest import signals  # noqa: F401  # registering is their import's effect
        from digest.ops import system_checks  # noqa: F401  # registering is their import's effect


class PapersAdminConfig(admin_apps.AdminConfig):
    default_site = "digest.admin_site.PapersAdminSite"
    default = False

    def ready(self) -> None:
        """Load the admin, which is the last of the modules; `config` has switched the garbage collector off."""
        super().ready()
        gc.enable()
