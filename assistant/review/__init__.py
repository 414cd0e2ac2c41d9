"""The review in the browser: a Datasette plugin over the log, with pages of its own."""
