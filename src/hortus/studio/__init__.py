"""The studio: from a file to a deployed model without code, in a browser, on the user's own computer."""
