/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that knows older kernels: the RDMA driver is written to the
 * API of Linux 7.3; what a kernel lacks of it is made up here. Which parts it
 * lacks is found out by compiling rdma/compat/<name>.c at build time (Kbuild).
 */
#ifndef MO_IB_COMPAT_H
#define MO_IB_COMPAT_H

#include <linux/slab.h>
#include <linux/uaccess.h>
#include <rdma/ib_umem.h>
#include <rdma/ib_verbs.h>
#include <rdma/uverbs_ioctl.h>

#include "compat_ib_gen.h"

struct ib_dmah;

#ifndef kzalloc_obj
#define kzalloc_obj(object)	kzalloc(sizeof(object), GFP_KERNEL)
#endif

#ifndef MO_HAVE_UDATA_HELPERS
static inline int _ib_copy_validate_udata_in(struct ib_udata *udata, void *req,
					     size_t kernel_size, size_t minimum_size)
{
	int err;

	if (udata->inlen < minimum_size)
		return -EINVAL;
	err = copy_struct_from_user(req, kernel_size, udata->inbuf, udata->inlen);
	return err == -E2BIG ? -EOPNOTSUPP : err;
}

#define ib_copy_validate_udata_in(udata, req, end_member) \
	_ib_copy_validate_udata_in(udata, &(req), sizeof(req), \
				   offsetofend(typeof(req), end_member))

#define ib_copy_validate_udata_in_cm(udata, req, end_member, valid) \
({ \
	int _ret = ib_copy_validate_udata_in(udata, req, end_member); \
	if (!_ret && ((req).comp_mask & ~(typeof((req).comp_mask))(valid))) \
		_ret = -EOPNOTSUPP; \
	_ret; \
})

static inline int _ib_respond_udata(struct ib_udata *udata, const void *src, size_t len)
{
	size_t n = min(len, udata->outlen);

	if (copy_to_user(udata->outbuf, src, n))
		return -EFAULT;
	if (n < udata->outlen && clear_user(udata->outbuf + n, udata->outlen - n))
		return -EFAULT;
	return 0;
}

#define ib_respond_udata(udata, rep) _ib_respond_udata(udata, &(rep), sizeof(rep))

static inline int ib_is_udata_in_empty(struct ib_udata *udata)
{
	if (!udata || !udata->inlen)
		return 0;
	return _ib_copy_validate_udata_in(udata, NULL, 0, 0);
}

static inline int ib_respond_empty_udata(struct ib_udata *udata)
{
	if (udata && udata->outlen && clear_user(udata->outbuf, udata->outlen))
		return -EFAULT;
	return 0;
}

static inline int ib_no_udata_io(struct ib_udata *udata)
{
	return ib_is_udata_in_empty(udata) ?: ib_respond_empty_udata(udata);
}
#endif

/* The udata rules above are announced to user space. */
#ifdef MO_HAVE_ROBUST_UDATA
#define MO_IB_OPS_UDATA		.uverbs_robust_udata = true,
#else
#define MO_IB_OPS_UDATA
#endif

#ifndef MO_HAVE_UMEM_GET_VA
#define ib_umem_get_va(device, addr, size, access) \
	ib_umem_get(device, addr, size, access)
/* Buffers of a CQ could not come in attributes. */
#define ib_umem_get_cq_buf_or_va(device, attrs, addr, size, access) \
	ib_umem_get(device, addr, size, access)
#endif

/* One operation created the queues of kernel and users. */
#ifdef MO_HAVE_CREATE_USER_CQ
#define MO_IB_OPS_CQ		.create_cq = mo_ib_create_cq, \
				.create_user_cq = mo_ib_create_user_cq,
#else
#define MO_IB_OPS_CQ		.create_cq = mo_ib_create_any_cq,
int mo_ib_create_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
		    struct uverbs_attr_bundle *attrs);
int mo_ib_create_user_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
			 struct uverbs_attr_bundle *attrs);

static inline int mo_ib_create_any_cq(struct ib_cq *ibcq, const struct ib_cq_init_attr *attr,
				      struct uverbs_attr_bundle *attrs)
{
	return attrs ? mo_ib_create_user_cq(ibcq, attr, attrs) :
		       mo_ib_create_cq(ibcq, attr, NULL);
}
#endif

/* There were no DMA handles. */
#ifdef MO_HAVE_DMAH
#define MO_IB_OPS_MR		.reg_user_mr = mo_ib_reg_user_mr,
#else
#define MO_IB_OPS_MR		.reg_user_mr = mo_ib_reg_user_mr_plain,
struct ib_mr *mo_ib_reg_user_mr(struct ib_pd *ibpd, u64 start, u64 length, u64 virt, int access,
				struct ib_dmah *dmah, struct ib_udata *udata);

static inline struct ib_mr *mo_ib_reg_user_mr_plain(struct ib_pd *ibpd, u64 start, u64 length,
						    u64 virt, int access, struct ib_udata *udata)
{
	return mo_ib_reg_user_mr(ibpd, start, length, virt, access, NULL, udata);
}
#endif

/* The core tells of the port's changes; else the driver does, port_event.c. */
struct mo_ib_dev;
#ifdef MO_HAVE_CORE_PORT_EVENTS
static inline int mo_ib_port_events_start(struct mo_ib_dev *mib)
{
	return 0;
}

static inline void mo_ib_port_events_stop(struct mo_ib_dev *mib)
{
}
#else
int mo_ib_port_events_start(struct mo_ib_dev *mib);
void mo_ib_port_events_stop(struct mo_ib_dev *mib);
#endif

#endif /* MO_IB_COMPAT_H */
