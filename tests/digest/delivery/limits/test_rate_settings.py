"""The settings of rate limits."""

import pytest

from digest.delivery.limits.rate_settings import RateError, parse_lanes, parse_rate, parse_rates


@pytest.mark.parametrize(
    ("text", "per_second"), [("20/s", 20), ("90 / min", 1.5), ("1800/h", 0.5), ("86400/day", 1), ("0.5/s", 0.5)]
)
def test_it_reads_a_rate(text: str, per_second: float) -> None:
    assert parse_rate(text).per_second == per_second


@pytest.mark.parametrize("text", ["", "20", "20/fortnight", "fast", "0/s", "-1/s", "20/s/s"])
def test_it_says_how_to_write_one(text: str) -> None:
    with pytest.raises(RateError, match="Write 20/s"):
        parse_rate(text)


def test_it_reads_one_for_each_name() -> None:
    found = parse_rates("postmark=50/s, smtp=10/min")
    assert {name: str(rate) for name, rate in found.items()} == {"postmark": "50/s", "smtp": "10/min"}
    assert list(parse_rates("5/s")) == ["*"]
    assert parse_rates("") == {}


@pytest.mark.parametrize("text", ["=5/s", "a.com=5/s, a.com=6/s", "5/s, 6/s"])
def test_it_refuses_rates_without_a_name_of_their_own(text: str) -> None:
    with pytest.raises(RateError):
        parse_rates(text)


def test_domains_can_share_a_lane() -> None:
    lanes = parse_lanes("Gmail.com=20/s, outlook.com|hotmail.com=5/s")
    assert lanes.lane_of("ada@gmail.com") == "gmail.com"
    assert lanes.lane_of("ada@Hotmail.com") == lanes.lane_of("bob@outlook.com") == "outlook.com"
    assert lanes.lane_of("ada@example.org") == ""
    assert str(lanes.rate_of("outlook.com")) == "5/s"


def test_a_star_gives_each_other_domain_a_lane_of_its_own() -> None:
    lanes = parse_lanes("gmail.com=20/s, *=1/s")
    assert (lanes.lane_of("a@one.org"), lanes.lane_of("b@two.org")) == ("one.org", "two.org")
    assert str(lanes.rate_of("one.org")) == "1/s"


@pytest.mark.parametrize("text", ["gmail=5/s", "a.com|a.com=5/s", "a.com|*=5/s"])
def test_it_refuses_what_is_no_domain(text: str) -> None:
    with pytest.raises(RateError):
        parse_lanes(text)
