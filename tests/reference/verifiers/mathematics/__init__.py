"""Tests of reference/verifiers/mathematics, and answers judged by hand."""
