// SPDX-License-Identifier: GPL-2.0
/* The namespace of a symbol is a token, not yet a string. */
#include <linux/module.h>

MODULE_IMPORT_NS(MESH_OPTICAL);
