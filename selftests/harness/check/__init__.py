# SPDX-License-Identifier: GPL-2.0-or-later
"""The test runner behind `make check`."""
