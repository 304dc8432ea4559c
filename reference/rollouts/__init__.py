"""The streaming rollout scheduler (SRS): events, decisions, and the workers that carry them out."""
