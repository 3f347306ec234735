"""Thumbnails of papers are fetched once and served from this site only."""

import contextlib
import datetime as dt
import io
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from digest.models import Edition, Paper, Thumbnail
from digest.site import images, thumbnails
from digest.site.images import PictureError
from digest.sources.records import SourceError, UnreachableError
from tests.conftest import NOW

ADDRESS = "https://pictures.example.com/a.png"


def picture(kind: str = "PNG", size: tuple[int, int] = (1200, 648), mode: str = "RGB", **extra: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 128 if mode in "LP" else None).save(out, kind, **extra)
    return out.getvalue()


class Web:
    """A fake HTTP client."""

    def __init__(self, answer: bytes | Exception, **other: bytes | Exception) -> None:
        self.answer, self.other, self.asked = answer, other, list[str]()

    def get(self, url: str) -> bytes:
        self.asked.append(url)
        answer = self.other.get(url[-5], self.answer)  # by the letter of its picture
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def paper(edition: Edition) -> Paper:
    Paper.objects.filter(title="Faster Diffusion").update(thumbnail_url=ADDRESS)
    return Paper.objects.get(title="Faster Diffusion")


def bring_in(monkeypatch: pytest.MonkeyPatch, web: Web, now: dt.datetime = NOW) -> int:
    monkeypatch.setattr(thumbnails, "make_client", lambda kind: web)
    return thumbnails.fetch_missing(now=now, seconds=10)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(1200, 648), (64, 64), (1, 3000)])
def test_it_makes_any_picture_small(kind: str, size: tuple[int, int]) -> None:
    small = images.shrink(picture(kind, size))
    with Image.open(io.BytesIO(small)) as made:
        assert (made.format, made.size) == ("WEBP", images.SIZE)
    assert len(small) < 20_000


def test_it_leaves_out_what_was_hidden_in_a_picture() -> None:
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    small = images.shrink(picture("JPEG", exif=exif) + b"<script>alert(1)</script>")
    assert b"script" not in small


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", picture()[:200], picture("JPEG")[:100],
        picture("TIFF"),
    ],
    ids=["empty", "svg", "page", "cut png", "cut jpeg", "tiff"],
)  # fmt: skip
def test_it_refuses_what_is_no_picture(body: bytes) -> None:
    with pytest.raises(PictureError):
        images.shrink(body)


def test_it_refuses_a_picture_that_unpacks_to_more_than_there_is_memory() -> None:
    with pytest.raises(PictureError, match="too many"):
        images.shrink(picture("PNG", (9_000, 9_000), "L"))


@given(st.binary(max_size=300), st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]), st.integers(0, 400))
def test_it_takes_any_bytes(noise: bytes, kind: str, at: int) -> None:
    whole = picture(kind, (40, 40))
    with contextlib.suppress(PictureError):
        images.shrink(whole[:at] + noise + whole[at + len(noise) :])


def test_it_brings_a_picture_in_once_and_shows_it_from_here(
    client: Client, monkeypatch: pytest.MonkeyPatch, paper: Paper
) -> None:
    assert ADDRESS not in client.get("/").content.decode()
    web = Web(picture())
    assert (bring_in(monkeypatch, web), bring_in(monkeypatch, web)) == (1, 0)
    assert web.asked == [ADDRESS]
    page = client.get("/").content.decode()
    address = f"/thumbnails/{paper.pk}-{Thumbnail.objects.get().mark}.webp"
    assert f'src="{address}"' in page
    assert ADDRESS not in page
    shown = client.get(address)
    assert (shown["Content-Type"], shown.content[:4]) == ("image/webp", b"RIFF")
    assert "immutable" in shown["Cache-Control"]
    assert (
        f'property="og:image" content="https://papers.example.org{address}"'
        in client.get(f"/papers/{paper.key}/").content.decode()
    )


def test_emails_get_the_picture_as_a_jpeg(client: Client, monkeypatch: pytest.MonkeyPatch, paper: Paper) -> None:
    bring_in(monkeypatch, Web(picture()))
    shown = client.get(f"/thumbnails/{paper.pk}-{Thumbnail.objects.get().mark}.jpg")
    assert (shown["Content-Type"], shown.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert "immutable" in shown["Cache-Control"]
    with Image.open(io.BytesIO(shown.content)) as made:
        assert made.size == images.SIZE


def test_it_shows_no_picture_of_a_hidden_paper(client: Client, monkeypatch: pytest.MonkeyPatch, paper: Paper) -> None:
    bring_in(monkeypatch, Web(picture()))
    address = f"/thumbnails/{paper.pk}-{Thumbnail.objects.get().mark}.webp"
    Paper.objects.filter(pk=paper.pk).update(is_hidden=True)
    assert client.get(address).status_code == 404
    assert client.get(address.replace(".webp", ".jpg")).status_code == 404


def test_it_notes_why_a_picture_did_not_come_and_gives_up(monkeypatch: pytest.MonkeyPatch, paper: Paper) -> None:
    web = Web(SourceError(f"{ADDRESS}: answered 404 Not Found"))
    for half_days in range(6):
        assert bring_in(monkeypatch, web, NOW + dt.timedelta(hours=13 * half_days)) == 0
    assert len(web.asked) == thumbnails.MAX_TRIES
    assert "404" in Thumbnail.objects.get().problem
    Paper.objects.filter(pk=paper.pk).update(thumbnail_url="https://pictures.example.com/b.png")
    assert bring_in(monkeypatch, Web(picture())) == 1


def test_it_holds_an_unreachable_host_against_no_picture(monkeypatch: pytest.MonkeyPatch, paper: Paper) -> None:
    Paper.objects.update(thumbnail_url=ADDRESS)
    web = Web(UnreachableError("pictures.example.com can't be found"))
    for hours in range(60):
        assert bring_in(monkeypatch, web, NOW + dt.timedelta(hours=hours)) == 0
        assert len(web.asked) <= hours + 1
    assert bring_in(monkeypatch, Web(picture()), NOW + dt.timedelta(hours=80)) == 3


def test_one_picture_that_can_not_be_fetched_keeps_no_other_away(monkeypatch: pytest.MonkeyPatch, paper: Paper) -> None:
    first, second, third = Paper.objects.order_by("-votes")
    for each, address in (
        (first, "https://pictures.example.com/x.png"),
        (second, "https://pictures.example.com/a.png"),
        (third, "https://elsewhere.example.com/a.png"),
    ):
        Paper.objects.filter(pk=each.pk).update(thumbnail_url=address)
    web = Web(picture(), x=UnreachableError("answered too slowly"))
    assert bring_in(monkeypatch, web) == 1  # from elsewhere
    assert bring_in(monkeypatch, web, NOW + dt.timedelta(minutes=15)) == 1
    assert Thumbnail.objects.exclude(mark="").count() == 2
    assert "too slowly" in Thumbnail.objects.get(paper=first).problem


def test_it_shows_a_figure_before_the_card_for_social_media(monkeypatch: pytest.MonkeyPatch, paper: Paper) -> None:
    assert bring_in(monkeypatch, Web(picture())) == 1
    Paper.objects.filter(pk=paper.pk).update(figure_url="https://pictures.example.com/f.png")
    web = Web(picture())
    assert (bring_in(monkeypatch, web), bring_in(monkeypatch, web)) == (1, 0)
    assert web.asked == ["https://pictures.example.com/f.png"]


def test_it_shows_the_card_if_the_figure_is_unusable(monkeypatch: pytest.MonkeyPatch, paper: Paper) -> None:
    Paper.objects.filter(pk=paper.pk).update(figure_url="https://pictures.example.com/f.png")
    web = Web(picture(), f=SourceError("answered 404 Not Found"))
    assert (bring_in(monkeypatch, web), bring_in(monkeypatch, web)) == (1, 0)
    assert "404" in Thumbnail.objects.get().problem
    assert web.asked == ["https://pictures.example.com/f.png", ADDRESS]


def test_it_shows_a_figure_of_another_shape_whole_and_without_transparency() -> None:
    figure = Image.new("RGBA", (1500, 300), (0, 0, 0, 0))
    figure.paste((200, 0, 0, 255), (0, 100, 1500, 200))
    out = io.BytesIO()
    figure.save(out, "PNG")
    with Image.open(io.BytesIO(images.shrink(out.getvalue()))) as made:
        edge, middle = (made.convert("RGB").getpixel(at) for at in ((5, 5), (3, images.SIZE[1] // 2)))
    assert isinstance(edge, tuple)
    assert isinstance(middle, tuple)
    assert min(edge) > 240
    assert middle[0] > 150 > middle[1] + middle[2]


@pytest.mark.parametrize("address", ["http://pictures.example.com/a.png", "javascript:alert(1)", "/etc/passwd", ""])
def test_it_asks_for_safe_addresses_only(monkeypatch: pytest.MonkeyPatch, paper: Paper, address: str) -> None:
    Paper.objects.update(thumbnail_url=address)
    web = Web(picture())
    assert (bring_in(monkeypatch, web), web.asked) == (0, [])


def test_it_asks_no_host_of_a_private_network(paper: Paper) -> None:
    Paper.objects.update(thumbnail_url="https://127.0.0.1:9/a.png")
    assert thumbnails.fetch_missing(now=NOW, seconds=10) == 0
    assert "not a public address" in Thumbnail.objects.first().problem  # type: ignore[union-attr]


def test_it_asks_for_none_where_the_operator_wants_none(
    monkeypatch: pytest.MonkeyPatch, paper: Paper, settings: Any
) -> None:
    settings.FETCH_THUMBNAILS = False
    web = Web(picture())
    assert (bring_in(monkeypatch, web), web.asked) == (0, [])
