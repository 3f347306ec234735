"""The filter `explain` for templates of the admin. Load it as `problems`."""

from django import template

from digest.ingest import fetch_problems

register = template.Library()
register.filter("explain", fetch_problems.explain)
