from __future__ import annotations

import socket

import gradio as gr
import pytest

from composer.corpus.uploads import MAX_UPLOAD_BYTES
from composer.errors import OptionError
from composer.ui import launch
from composer.ui.server import serving
from composer.ui.server.serving import serving_options
from composer.ui.theme import STYLESHEETS, build_theme
from tests.serving import free_port


def test_a_port_that_is_taken_ends_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("PORT", str(taken.getsockname()[1]))
        monkeypatch.setenv("HOST", "127.0.0.1")
        with pytest.raises(OptionError) as ended:
            launch(gr.Blocks(analytics_enabled=False))
    assert str(ended.value).startswith("cannot listen on 127.0.0.1:")
    assert "\n" not in str(ended.value)


def test_only_what_is_handed_out_is_served() -> None:
    options = serving_options()
    closed = ("share", "show_error", "enable_monitoring", "ssr_mode", "mcp_server", "run_history")
    assert not any(options[name] for name in closed)
    assert options["allowed_paths"] == []
    assert options["max_file_size"] == MAX_UPLOAD_BYTES
    assert options["strict_cors"] and options["state_session_capacity"] == 500


def test_weights_are_never_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSER_CHECKPOINT", "/elsewhere/weights")
    blocked = serving_options()["blocked_paths"]
    assert "/elsewhere/weights" in blocked
    assert any(path.endswith("assets/checkpoints") for path in blocked)


def test_the_queue_cannot_be_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    demo = gr.Blocks(analytics_enabled=False)
    monkeypatch.setattr(demo, "launch", lambda **_: None)
    monkeypatch.setenv("PORT", str(free_port()))
    launch(demo)
    assert demo.api_open is False


def test_a_page_that_visitors_may_edit_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_VIBE_MODE", "1")
    monkeypatch.setenv("PORT", str(free_port()))
    with pytest.raises(OptionError, match="GRADIO_VIBE_MODE"):
        launch(gr.Blocks(analytics_enabled=False))


def test_theme_and_stylesheet_name_no_other_host() -> None:
    assert not any(sheet for sheet in build_theme()._stylesheets)
    assert not any("//" in sheet.read_text(encoding="utf-8") for sheet in STYLESHEETS)


def test_switches_are_on_or_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not serving_options()["pwa"]
    monkeypatch.setenv("COMPOSER_PWA", "1")
    assert serving_options()["pwa"]
    monkeypatch.setenv("COMPOSER_PWA", "maybe")
    with pytest.raises(OptionError, match="COMPOSER_PWA must be 0 or 1"):
        serving_options()


def test_tools_that_are_not_installed_are_not_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "find_spec", lambda name: None)
    assert not serving.has_tool_server()
    monkeypatch.setenv("COMPOSER_MCP", "1")
    with pytest.raises(OptionError, match=r"gradio\[mcp\]"):
        serving.has_tool_server()


def test_a_page_open_to_others_says_what_a_public_host_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = gr.Blocks(analytics_enabled=False)
    monkeypatch.setattr(demo, "launch", lambda **_: None)
    monkeypatch.setattr(serving.traffic, "write_log", lambda: None)
    monkeypatch.setenv("PORT", str(free_port()))
    launch(demo)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("HOST", "0.0.0.0")
    launch(demo)
    assert "https" in capsys.readouterr().err
