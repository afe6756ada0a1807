"""The one place where errors become sentences for the person at the page or at the API."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from composer.errors import ComposerError

_log = logging.getLogger(__name__)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Show errors that are meant for a person; log all others and show their reference number.

    Raises:
        gr.Error: In place of whatever was raised.
    """
    try:
        yield
    except gr.Error:
        raise
    except ComposerError as error:
        raise gr.Error(str(error), title="That will not do", print_exception=False) from error
    except Exception as error:
        reference = secrets.token_hex(4)
        _log.exception("incident %s", reference)
        sentence = f"something broke, reference {reference}"
        raise gr.Error(sentence, title="Not your fault", print_exception=False) from error
