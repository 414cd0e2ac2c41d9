"""Offline audio tests: corpora of recordings with what should become of them."""
