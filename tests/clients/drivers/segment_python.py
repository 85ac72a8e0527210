"""segment-analytics-python, by its public settings alone."""

from __future__ import annotations

import sys

import segment.analytics as analytics
from driver import drive_module

analytics.host, analytics.write_key = sys.argv[1:]
analytics.timeout = 1

drive_module(analytics)
