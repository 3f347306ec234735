import io
import re

import pytest
from django.test import Client
from PIL import Image, ImageFont

from digest.models import Edition, Paper
from digest.site import share_cards
from tests.conftest import TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]


@pytest.mark.parametrize("path", [f"/{TODAY}/", "/papers/arxiv:2608.00001/", "/topics/learning/"])
@pytest.mark.usefixtures("edition", "learning")
def test_a_page_names_a_picture_of_its_title(client: Client, path: str) -> None:
    (address,) = re.findall('property="og:image" content="([^"]+)"', client.get(path).content.decode())
    answer = client.get(address[address.index("/cards/") :])
    assert answer.status_code == 200
    assert Image.open(io.BytesIO(answer.content)).size == (1200, 630)
    assert "public" in answer.headers["Cache-Control"]


def test_a_title_that_the_font_can_not_show_leads_to_the_card_without_a_title(client: Client, edition: Edition) -> None:
    Paper.objects.update(title="强化学习")
    answer = client.get("/cards/papers/arxiv:2608.00001.png")
    assert answer.status_code == 302
    assert "share" in answer.headers["Location"]


def test_a_hidden_paper_has_no_picture(client: Client, edition: Edition) -> None:
    Paper.objects.update(is_hidden=True)
    assert client.get("/cards/papers/arxiv:2608.00001.png").status_code == 404


def test_long_titles_are_cut_and_fit() -> None:
    font = ImageFont.load_default(72)
    assert isinstance(font, ImageFont.FreeTypeFont)
    lines, size = share_cards._fitted(font, "Reasoning models " * 60)
    assert len(lines) <= share_cards.MAX_LINES + 1
    assert size == share_cards.SIZES[-1]
