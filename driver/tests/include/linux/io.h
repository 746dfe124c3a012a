/* SPDX-License-Identifier: GPL-2.0 */
#include "../../eq_kernel.h"
