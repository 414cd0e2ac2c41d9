"""Real engines: libvosk on a generated model of tones, PocketSphinx on its bundled English."""
