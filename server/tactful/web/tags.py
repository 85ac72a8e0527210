"""The script tag of a project, in its two forms."""

from __future__ import annotations

from tactful.web.files import Pinned

__all__ = ["pinned_tag", "tag"]


def tag(base_url: str, public_key: str) -> str:
    """The tag of the loader that follows every upgrade by itself."""
    return f'<script async src="{base_url}/w/{public_key}.js"></script>'


def pinned_tag(base_url: str, public_key: str, pinned: Pinned) -> str:
    """The tag of this release's loader, pinned by its hash; the page needs another after an upgrade."""
    return f"""<script async src="{base_url}/w/{pinned.name}"
  integrity="{pinned.integrity}"
  crossorigin data-key="{public_key}"></script>"""
