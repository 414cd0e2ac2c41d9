"""Exact search under the grammar of the intents, with the acoustic model that comes in PocketSphinx's wheel."""
