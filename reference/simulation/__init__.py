"""The streaming rollout scheduler in virtual time: what streaming saves before a run is started."""
