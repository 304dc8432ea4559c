"""Sets of problems in mathematics: built from templates with certificates, and audited."""
