"""Sound in: audio files, the microphone, voice activity and endpointing. Knows nothing of assistant or intents."""
