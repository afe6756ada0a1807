"""How the page is served: address, limits, files, GPU, errors. Knows no page."""
