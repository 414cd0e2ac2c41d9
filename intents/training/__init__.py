"""How the model is made: offline, from corpora and from sentences of our own."""
