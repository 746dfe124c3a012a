/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors of the firmware's own functions: X(NAME, module letters, number, text).
 * The value is the two letters and the number, so that a value in a log or a
 * crash record names its origin without this file. Append only: a number, once
 * given, is never used again.
 */
#ifndef MO_LIB_ERROR_H
#define MO_LIB_ERROR_H

#include <stdint.h>

#define MO_ERROR_VALUE(a, b, n) \
	(((uint32_t)(a) << 24) | ((uint32_t)(b) << 16) | (uint32_t)(n))

#define MO_ERRORS(X) \
	X(PARAM, 'G', 'E', 1, "argument is out of range") \
	X(TIMEOUT, 'G', 'E', 2, "hardware did not finish in time") \
	X(BUSY, 'G', 'E', 3, "another operation is under way") \
	X(SPACE, 'G', 'E', 4, "no room") \
	X(STATE, 'G', 'E', 5, "not possible in this state") \
	X(I2C_NACK, 'I', 'C', 1, "module does not acknowledge") \
	X(I2C_LENGTH, 'I', 'C', 2, "transfer crosses the end of the window") \
	X(FLASH_FAILED, 'F', 'L', 1, "flash operation failed") \
	X(FLASH_RANGE, 'F', 'L', 2, "outside the flash or crossing a sector") \
	X(SIG_KEY, 'E', 'D', 1, "public key is no point of the curve") \
	X(SIG_SCALAR, 'E', 'D', 2, "signature's scalar is not reduced") \
	X(SIG_MISMATCH, 'E', 'D', 3, "signature does not verify")

enum mo_error {
	MO_OK = 0,
#define X(name, a, b, n, text) MO_ERR_##name = MO_ERROR_VALUE(a, b, n),
	MO_ERRORS(X)
#undef X
};

#define MO_MUST_USE __attribute__((warn_unused_result))

#ifdef __cplusplus
extern "C" {
#endif

/* Text of an error; "unknown error" for a value that is not in the list. */
const char *mo_error_text(enum mo_error error);

#ifdef __cplusplus
}
#endif

#endif /* MO_LIB_ERROR_H */
