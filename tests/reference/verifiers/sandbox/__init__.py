"""Laws of the sandbox: what gets out, what is left behind, what it costs the host."""
