"""Labels of the admin's forms, without the colon that Django adds."""

from django import forms, template
from django.forms.boundfield import BoundField

register = template.Library()


@register.filter
def label(field: BoundField) -> str:
    return field.label_tag(label_suffix="")


@register.simple_tag
def without_colons(form: forms.BaseForm) -> str:
    """Leave out the colons of a form that Django's own templates show."""
    form.label_suffix = ""
    return ""
