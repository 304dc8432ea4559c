"""Laws that independent implementations must satisfy together."""
