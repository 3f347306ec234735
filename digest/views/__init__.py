"""The public pages about papers. Each view is thin: it calls a service and shows the result."""
