from __future__ import annotations

import logging

import gradio as gr
import pytest

from composer.errors import CheckpointError, OptionError
from composer.ui.server.incidents import plain_errors


@pytest.mark.parametrize("error", [OptionError("`bars` must be from 1"), CheckpointError("torn")])
def test_errors_meant_for_a_person_are_shown_as_they_are(error: Exception) -> None:
    with pytest.raises(gr.Error) as raised, plain_errors():
        raise error
    assert raised.value.message == str(error)


def test_other_errors_are_logged_and_shown_as_a_reference(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(gr.Error) as raised, caplog.at_level(logging.ERROR), plain_errors():
        raise KeyError("/secret/path")
    reference = str(raised.value.message).rpartition(" ")[2]
    assert raised.value.message == f"something broke, reference {reference}"
    assert f"incident {reference}" in caplog.text
    assert "/secret/path" in caplog.text


def test_a_sentence_of_the_page_passes_unchanged() -> None:
    sentence = gr.Error("as it is")
    with pytest.raises(gr.Error) as raised, plain_errors():
        raise sentence
    assert raised.value is sentence
