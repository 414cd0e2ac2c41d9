"""Sound in: audio files, the microphone, voice activity and endpointing. Knows no assistant or intents."""
