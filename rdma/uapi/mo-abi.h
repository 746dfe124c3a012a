/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR Linux-OpenIB) */
/*
 * ABI between mesh_optical_rdma.ko and its rdma-core provider. What both write
 * into rings is the hardware's, driver/hw/rdma.h.
 *
 * Rules: structures grow at their end only, in steps of 8 bytes; reserved
 * fields are zero and checked; the kernel takes shorter requests as if the
 * rest were zero and refuses longer ones whose tail is not; what is optional
 * is a bit in a comp_mask, never a version. MO_UVERBS_ABI_VERSION is raised
 * only when this cannot be kept.
 */
#ifndef MO_ABI_USER_H
#define MO_ABI_USER_H

#include <linux/types.h>

#define MO_UVERBS_ABI_VERSION 1

/* Private number: the list of the kernel's header ends far below. "MESH". */
#define MO_RDMA_DRIVER_ID 0x4853454d

/* mo_uresp_alloc_ctx.flags */
#define MO_CTX_SHADOW_DB (1U << 0)

struct mo_ureq_alloc_ctx {
	__aligned_u64 comp_mask;
	__aligned_u64 rsvd;
};

/* db_offset: for mmap() of the doorbell page, db_size bytes. */
struct mo_uresp_alloc_ctx {
	__aligned_u64 comp_mask;
	__aligned_u64 db_offset;
	__u32 db_size;
	__u32 flags;
	__u32 max_inline;
	__u32 max_stride_log;
};

struct mo_uresp_alloc_pd {
	__u32 pdn;
	__u32 rsvd;
};

/*
 * buf: ring of 64-byte completions, a power of two of them (cqe_log), page
 * aligned. rec: its 64-byte record (struct mo_arm_rec), 64 bytes aligned.
 */
struct mo_ureq_create_cq {
	__aligned_u64 buf;
	__aligned_u64 rec;
	__u32 cqe_log;
	__u32 rsvd;
};

struct mo_uresp_create_cq {
	__u32 cqn;
	__u32 rsvd;
};

/*
 * buf: send queue, then at the next multiple of 4096 bytes the receive queue;
 * page aligned. rec: two 64-byte records (struct mo_db_rec), send and receive,
 * 128 bytes aligned. Logs are of entries and of bytes of an entry; without a
 * receive queue both of its logs are zero and MO_QP_NO_RQ is set.
 */
struct mo_ureq_create_qp {
	__aligned_u64 buf;
	__aligned_u64 rec;
	__u8 sq_log;
	__u8 sq_stride_log;
	__u8 rq_log;
	__u8 rq_stride_log;
	__u32 flags;
};

#define MO_QP_NO_RQ (1U << 0)

struct mo_uresp_create_qp {
	__u32 qp_object;
	__u32 rq_object;
};

/* The address as the hardware takes it: struct mo_av of driver/hw/rdma.h. */
struct mo_uresp_create_ah {
	__u8 av[32];
};

#endif /* MO_ABI_USER_H */
