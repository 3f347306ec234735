"""A list of phrases as people type it: one a line."""

from typing import Any

from django import forms


class LinesField(forms.CharField):
    """A list of texts, one a line in its box; lines without any are left out."""

    widget = forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a list, where others have one text
        lines = value if isinstance(value, list) else (value or "").splitlines()
        return [line.strip() for line in lines if str(line).strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial) != self.to_python(data)
