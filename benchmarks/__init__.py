"""Figures that are measured, each by a script that anybody can repeat."""
