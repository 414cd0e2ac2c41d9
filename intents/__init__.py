"""Text to intent and slots: definitions, matching, sampling. Knows nothing of assistant or hardware."""
