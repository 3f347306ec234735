"""The API for programs: tokens, operations, problems and the OpenAPI document.

`service` and the modules that it imports need django-ninja. Views import them when the first request comes, because
workers load the URLconf too, and never answer one.
"""
