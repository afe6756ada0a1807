from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.errors import OptionError
from composer.request import Request
from composer.theory import KEYS
from composer.ui.compose.links import read_query, to_query
from composer.ui.shared.settings import read_request

REQUESTS = st.builds(
    Request,
    composer=st.none() | st.sampled_from(["Bach", "Chopin & Liszt", "Čech"]),
    key=st.none() | st.sampled_from(KEYS),
    meter=st.none() | st.sampled_from(["3/4", "12/8"]),
    parts=st.none() | st.integers(1, 8),
    bars=st.integers(1, 512),
    tempo_bpm=st.none() | st.integers(20, 300).map(float),
    temperature=st.sampled_from([0.5, 1.0, 1.25]),
    candidates=st.integers(1, 256),
    prune=st.sampled_from([0.0, 5.0, 12.5]),
    seed=st.integers(0, 2**31 - 1),
)


def followed(query: str) -> Request:
    values = read_query(dict(parse_qsl(query)))
    assert values is not None
    return read_request(values)


@given(REQUESTS)
def test_a_link_makes_the_same_request(request: Request) -> None:
    assert followed(to_query(request)) == request


def test_usual_settings_are_left_out() -> None:
    assert to_query(Request(seed=7)) == "seed=7"


@pytest.mark.parametrize("query", ["", "__theme=dark", "composer=Bach", "view=api"])
def test_an_address_without_a_seed_is_no_link(query: str) -> None:
    assert read_query(dict(parse_qsl(query))) is None


@pytest.mark.parametrize(
    "query", ["seed=x", "seed=7&bars=0", "seed=7&key=H", "seed=-1", f"seed=7&composer={'a' * 999}"]
)
def test_a_link_that_will_not_do_is_refused(query: str) -> None:
    with pytest.raises(OptionError):
        read_query(dict(parse_qsl(query)))


def test_other_names_in_an_address_are_left_alone() -> None:
    assert followed("seed=7&__theme=dark&x=1") == replace(Request(), seed=7)
