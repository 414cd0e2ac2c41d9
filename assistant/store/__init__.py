"""The log and the books in SQLite: the only user of sqlite-utils."""
