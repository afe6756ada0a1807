"""What several pages share: the score view, runs, settings, words and tables. Knows no page."""
