// SPDX-License-Identifier: GPL-2.0
/* The rules of driver data between user space and drivers are functions. */
#include <rdma/ib_verbs.h>
#include <rdma/uverbs_ioctl.h>

int probe(struct ib_udata *udata);
int probe(struct ib_udata *udata)
{
	return _ib_copy_validate_udata_in(udata, NULL, 0, 0) ?: ib_no_udata_io(udata);
}
