"""The user documentation, served by the product itself at `/docs`."""
