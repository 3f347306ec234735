"""Splitting of authors' names."""

import pytest

from digest.text.author_names import AuthorName, split_name


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ada Lovelace", AuthorName("Lovelace", "Ada")),
        ("Lovelace, Ada", AuthorName("Lovelace", "Ada")),
        ("Ludwig van Beethoven", AuthorName("van Beethoven", "Ludwig")),
        ("Maria de la Cruz", AuthorName("de la Cruz", "Maria")),
        ("Sammy Davis Jr.", AuthorName("Davis", "Sammy", "Jr.")),
        ("Davis, Jr.", AuthorName("Davis", "", "Jr.")),
        ("Van Dyke", AuthorName("Dyke", "Van")),
        ("Qwen Team", AuthorName("Qwen Team")),
        ("李明", AuthorName("李明")),
        ("", AuthorName("")),
    ],
)
def test_it_splits_a_name(name: str, parts: AuthorName) -> None:
    assert split_name(name) == parts
