"""A page in the browser: a session in, ten jobs out, with what every score is made of."""
