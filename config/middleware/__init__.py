"""Middleware: what goes around every page (security headers, request bodies, language, compression)."""
