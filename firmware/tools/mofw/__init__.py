# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware images of Mesh Optical NICs: signed components and PLDM packages."""
