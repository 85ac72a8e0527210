"""The dashboard: what members see of their projects."""
