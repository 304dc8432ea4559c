"""The streaming rollout scheduler (SRS): events, decisions, the engines that act."""
