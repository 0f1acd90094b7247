"""From images to a network that tells them apart: what a run of images does, step by step."""
