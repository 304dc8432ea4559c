"""Tests in folders as the sources have them; the name of a test is the property it checks."""
