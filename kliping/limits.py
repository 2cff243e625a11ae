"""Limits of the parsing processes (house, section 7): defaults of settings, known without reading any."""

from __future__ import annotations

MIB = 1024 * 1024
PAGE_BYTES = 10 * MIB
HTML_CPU = 2.0  # seconds
CHILD_MEMORY = 768 * MIB
CHILDREN = 2
