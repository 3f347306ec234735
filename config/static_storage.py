"""Where style, scripts and pictures are kept: under names that change with what they hold, packed beforehand."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """In development as in production; what was not collected goes by its plain name, and is not kept long."""

    def url(self, name: str | None, force: bool = False) -> str:
        return str(super().url(name, force=True))

    def stored_name(self, name: str) -> str:
        try:
            return str(super().stored_name(name))
        except ValueError:
            return name
