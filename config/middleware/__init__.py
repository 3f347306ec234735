"""Middleware for security headers, request bodies, language and compression."""
