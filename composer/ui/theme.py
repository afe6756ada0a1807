"""Colours and fonts of the page: only fonts of the visitor's own system, nothing is fetched."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils.fonts import Font

from composer import places

STYLESHEETS = [
    places.ASSETS / "page.css",
    *(places.ASSETS / "ui" / name for name in ("score-view.css", "live.css")),
]
_SANS = ("ui-sans-serif", "system-ui", "sans-serif")
_MONO = ("ui-monospace", "monospace")


def build_theme() -> gr.Theme:
    """Return the theme: warm greys and one green."""
    theme = gr.themes.Default(
        primary_hue=gr.themes.colors.teal,
        secondary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        font=[Font(name) for name in _SANS],
        font_mono=[Font(name) for name in _MONO],
    )
    return theme.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_info_text_size="*text_xs",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        block_info_text_color="*neutral_500",
        block_info_text_color_dark="*neutral_400",
        block_padding="0px",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        link_text_color="*primary_700",
        link_text_color_visited="*primary_700",
        link_text_color_hover="*primary_800",
        link_text_color_active="*primary_800",
        link_text_color_dark="*primary_400",
        link_text_color_visited_dark="*primary_400",
        link_text_color_hover_dark="*primary_300",
        link_text_color_active_dark="*primary_300",
        slider_color="*primary_700",
        slider_color_dark="*primary_500",
    )
