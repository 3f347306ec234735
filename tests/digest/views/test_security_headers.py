"""The security headers of every page."""

import re
from typing import Any

import pytest
from django.test import Client

PUBLIC = ["/", "/2026-08-20/", "/papers/arxiv:2608.00001/", "/topics/", "/months/2026-08/", "/subscribe/", "/nowhere/"]
OTHERS = ["/admin/", "/healthz", "/feeds/latest.atom", "/robots.txt", "/sitemap.xml", "/static/style.css"]


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize("path", [*PUBLIC, *OTHERS])
def test_it_lets_nothing_in_and_nothing_run_that_stands_in_a_page(admin_client: Client, path: str) -> None:
    response = admin_client.get(path)
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize("path", [*PUBLIC, "/admin/", "/admin/digest/paper/", "/admin/digest/edition/add/"])
def test_it_writes_no_page_that_the_policy_would_break(admin_client: Client, path: str) -> None:
    page = admin_client.get(path).content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=\"", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/(?:json|ld))", page)
    assert not re.search(r'(?:src|srcset|action)="(?:https?:)?//', page)
    assert not re.search(r'<link rel="(?:stylesheet|icon|preload)" href="(?:https?:)?//', page)


@pytest.mark.django_db
def test_it_asks_for_https_where_the_site_has_it(client: Client, settings: Any) -> None:
    assert "max-age=31536000" in client.get("/", secure=True)["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in client.get("/")


@pytest.mark.usefixtures("edition")
def test_it_packs_what_anybody_may_see_and_nothing_else(client: Client, admin_client: Client) -> None:
    packed = {"accept-encoding": "gzip"}
    for path in ("/", "/topics/", "/subscribe/"):
        response = client.get(path, headers=packed)
        assert response["Content-Encoding"] == "gzip", path
        assert "Accept-Encoding" in response["Vary"]
    assert "Content-Encoding" not in admin_client.get("/admin/", headers=packed)


@pytest.mark.usefixtures("edition")
def test_it_answers_head_without_a_body(client: Client) -> None:
    got, head = client.get("/"), client.head("/")
    assert head.content == b""
    assert head["Content-Length"] == str(len(got.content))
    assert head["ETag"] == got["ETag"]


@pytest.mark.usefixtures("edition")
@pytest.mark.parametrize("path", ["/", "/2026-08-20/", "/papers/arxiv:2608.00001/", "/topics/", "/feeds/latest.atom"])
def test_it_only_shows(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
    assert client.delete(path).status_code == 405


@pytest.mark.django_db
def test_it_answers_what_is_not_there_alike_in_development(client: Client, settings: Any) -> None:
    settings.DEBUG = True
    for path in ("/nowhere/", "/papers/arxiv:0000.00000/"):
        response = client.get(path)
        assert response.status_code == 404
        assert "Page not found" in response.content.decode()
