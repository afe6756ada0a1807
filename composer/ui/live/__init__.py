"""The Live page and its events over HTTP: streams of `composer.live` for listeners far away."""
