"""What makes a value of an answer: folded, normalised, grounded in the ad."""
