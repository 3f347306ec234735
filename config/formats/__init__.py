"""Date and time formats of the admin, which sort. Pages and emails for readers use their own formats."""
