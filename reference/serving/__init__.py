"""An OpenAI-compatible server: requests, one continuous batch for all of them, replies."""
