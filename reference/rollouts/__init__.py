"""The streaming rollout scheduler (SRS): events, decisions, and the engines that carry them out."""
