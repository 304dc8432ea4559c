"""Properties that independent implementations must satisfy together."""
