"""Draws what a file touches: as a tree of text, as DOT, as SVG. Pure functions over Links."""
