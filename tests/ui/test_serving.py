from __future__ import annotations

import socket

import gradio as gr
import pytest

from composer.errors import OptionError
from composer.ui import launch
from composer.ui.serving import address, serving_options
from composer.ui.theme import STYLESHEET, build_theme


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ("127.0.0.1", 7860)),
        ({"PORT": "8000", "HOST": "0.0.0.0"}, ("0.0.0.0", 8000)),
        ({"SPACE_ID": "someone/composer"}, ("0.0.0.0", 7860)),
        ({"SPACE_ID": "someone/composer", "HOST": "127.0.0.1"}, ("127.0.0.1", 7860)),
    ],
)
def test_host_and_port_come_from_the_environment(
    environment: dict[str, str], expected: tuple[str, int]
) -> None:
    assert address(environment) == expected


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "7860.5"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(OptionError, match="PORT must be"):
        address({"PORT": port})


def test_a_port_that_is_taken_ends_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("PORT", str(taken.getsockname()[1]))
        monkeypatch.setenv("HOST", "127.0.0.1")
        with pytest.raises(SystemExit) as ended:
            launch(gr.Blocks(analytics_enabled=False))
    assert str(ended.value).startswith("composer: cannot listen on 127.0.0.1:")
    assert "\n" not in str(ended.value)


def test_only_what_is_handed_out_is_served() -> None:
    options = serving_options()
    closed = ("share", "show_error", "enable_monitoring", "ssr_mode", "mcp_server", "run_history")
    assert not any(options[name] for name in closed)
    assert "allowed_paths" not in options


def test_theme_and_stylesheet_name_no_other_host() -> None:
    assert not any(sheet for sheet in build_theme()._stylesheets)
    assert "//" not in STYLESHEET.read_text(encoding="utf-8")
