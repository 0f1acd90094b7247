"""From many candidates to one predictor."""
