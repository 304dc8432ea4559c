"""One step of generation: the decoder, its key-value cache, its slots."""
