"""A select box with hundreds of options."""

from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

_SELECTED = mark_safe(" selected")


class LongSelect(forms.Select):
    """A select box without groups. Django's renders a template for each option, which takes a fifth of a second."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = self.format_value(value)
        options = (
            (key, _SELECTED if key in chosen else "", label)
            for key, label in (("" if key is None else str(key), label) for key, label in self.choices)
        )
        return format_html(
            "<select{}>{}</select>",
            flatatt(self.build_attrs(self.attrs, (attrs or {}) | {"name": name})),
            format_html_join("", '<option value="{}"{}>{}</option>', options),
        )
