"""In a real Chromium: a package, so that its files share browsers and a server."""
