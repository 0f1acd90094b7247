"""Pictures drawn by a few primitives of our own: SVG whose colours are the page's."""
