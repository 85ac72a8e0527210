"""Tactful asks the right user one short question at the right moment, and never too often."""

__all__ = ["__version__"]

__version__ = "0.1.0"
