"""seed: reinforcement learning that teaches a mixture-of-experts language model to reason.

The packages lie at the top of the repository and are imported below this name. In a checkout this
folder holds a link to each of them; a wheel holds the packages themselves.
"""
