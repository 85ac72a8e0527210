"""Lantern: a small learning platform that shows Tactful at work."""
