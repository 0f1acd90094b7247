"""Why the model predicts what it predicts, and how far it is to be believed."""
