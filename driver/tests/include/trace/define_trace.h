/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints are the kernel's. */
