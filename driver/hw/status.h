/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Status of an admin command.
 */
#ifndef MO_HW_STATUS_H
#define MO_HW_STATUS_H

#include "types.h"

/* X(NAME, code, errno, text). Append only. */
#define MO_STATUSES(X) \
	X(OK, 0, 0, "done") \
	X(BAD_OPCODE, 1, EOPNOTSUPP, "command is not known to the device") \
	X(BAD_PARAM, 2, EINVAL, "parameter is out of range") \
	X(BAD_PORT, 3, ENODEV, "no such port") \
	X(BAD_OBJECT, 4, ENOENT, "no such object, or of another generation") \
	X(BAD_STATE, 5, EBUSY, "object is in a state that does not allow this") \
	X(IN_USE, 6, EBUSY, "object is used by another object") \
	X(NO_RESOURCE, 7, ENOSPC, "no free object of this kind") \
	X(DMA_FAULT, 8, EFAULT, "device could not access host memory") \
	X(NO_FEATURE, 9, EOPNOTSUPP, "feature was not negotiated") \
	X(MGMT_DOWN, 10, EHOSTDOWN, "management firmware does not run") \
	X(MGMT_CRASHED, 11, EIO, "management firmware crashed while it worked on this") \
	X(ABORTED, 12, ECANCELED, "reset or destroy ended the command") \
	X(INTERNAL, 13, EIO, "internal error of the device") \
	X(RESERVED, 14, EINVAL, "a reserved field is not zero") \
	X(UNSUPPORTED, 15, EOPNOTSUPP, "device does not support this command") \
	X(BAD_PLANE, 16, ENODEV, "port has no such plane")

enum mo_status {
#define X(name, code, err, text) MO_ST_##name = (code),
	MO_STATUSES(X)
#undef X
};

#endif /* MO_HW_STATUS_H */
