"""Problem files in the field's schemas, and built-in text tasks, as problem sources."""
