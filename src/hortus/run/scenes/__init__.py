"""From scenes to a network that tells each pixel's class: what a run of scenes does, step by step."""
