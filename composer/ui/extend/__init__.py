"""The Extend page."""
