"""The query language that readers type: its grammar and the stricter validation of what is typed now."""
