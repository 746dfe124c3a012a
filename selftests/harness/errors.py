# SPDX-License-Identifier: GPL-2.0-or-later
"""Exceptions whose text is meant for the person at the terminal."""


class HarnessError(Exception):
    """Something the user can understand and act on; printed without a traceback."""


class NoAnswer(HarnessError):
    """Somebody who runs did not answer in time."""
