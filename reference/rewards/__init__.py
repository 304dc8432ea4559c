"""From a response to a number: verdicts, reward models, judges."""
