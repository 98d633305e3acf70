"""The profile: where time goes between a question and its answer, statement by statement."""
