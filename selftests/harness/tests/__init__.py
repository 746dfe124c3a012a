# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit tests of the test environment: no guest, no network, seconds."""
