"""The catalogue of topics: a file that people edit, its schema, and its way into the database."""
