"""Pages of listening tests: the listener's, served by plain HTTP, and the researcher's tab."""
