// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts of the error list. */
#include "lib/error.h"

const char *mo_error_text(enum mo_error error)
{
	switch (error) {
	case MO_OK:
		return "no error";
#define X(name, a, b, n, text) \
	case MO_ERR_##name: \
		return text;
	MO_ERRORS(X)
#undef X
	}
	return "unknown error";
}
