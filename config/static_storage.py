"""The storage of static files, under names with a hash of their content, and compressed in advance."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """The storage for development and production. Files that were not collected have no hash in their name."""

    def url(self, name: str | None, force: bool = False) -> str:
        return str(super().url(name, force=True))

    def stored_name(self, name: str) -> str:
        try:
            return str(super().stored_name(name))
        except ValueError:
            return name
