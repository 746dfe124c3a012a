# SPDX-License-Identifier: GPL-2.0-or-later
"""The test environment: build root, guest images, testbeds and the test runner."""
