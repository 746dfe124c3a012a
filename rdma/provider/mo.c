// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The device as libibverbs finds and opens it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "abi.h"
#include "hw/ids.h"
#include "mo.h"

static int mo_query_device_ex(struct ibv_context *ibctx,
			      const struct ibv_query_device_ex_input *input,
			      struct ibv_device_attr_ex *attr, size_t attr_size)
{
	struct ib_uverbs_ex_query_device_resp resp;
	size_t resp_size = sizeof(resp);
	uint64_t fw;
	int err;

	err = ibv_cmd_query_device_any(ibctx, input, attr, attr_size, &resp,
				       &resp_size);
	if (err)
		return err;
	/* As ib_device_attr.fw_ver of our driver: major, minor, patch. */
	fw = resp.base.fw_ver;
	snprintf(attr->orig_attr.fw_ver, sizeof(attr->orig_attr.fw_ver),
		 "%u.%u.%u", (unsigned int)(fw >> 32) & 0xffff,
		 (unsigned int)(fw >> 16) & 0xffff, (unsigned int)fw & 0xffff);
	return 0;
}

static int mo_query_port(struct ibv_context *ibctx, uint8_t port,
			 struct ibv_port_attr *attr)
{
	struct ibv_query_port cmd = {};

	return ibv_cmd_query_port(ibctx, port, attr, &cmd, sizeof(cmd));
}

static void mo_free_context(struct ibv_context *ibctx)
{
	struct mo_context *ctx = to_mo_ctx(ibctx);
	unsigned int i;

	munmap(ctx->db, ctx->db_size);
	mo_rec_cleanup(ctx);
	for (i = 0; i < MO_QP_LEAVES; i++)
		free(ctx->qps[i]);
	pthread_mutex_destroy(&ctx->qp_mutex);
	pthread_mutex_destroy(&ctx->rec_mutex);
	verbs_uninit_context(&ctx->ibv_ctx);
	free(ctx);
}

/* Keep sorted. */
static const struct verbs_context_ops mo_context_ops = {
	.alloc_mw = mo_alloc_mw,
	.alloc_parent_domain = mo_alloc_parent_domain,
	.alloc_pd = mo_alloc_pd,
	.alloc_td = mo_alloc_td,
	.attach_mcast = ibv_cmd_attach_mcast,
	.bind_mw = mo_bind_mw,
	.cq_event = mo_cq_event,
	.create_ah = mo_create_ah,
	.create_cq = mo_create_cq,
	.create_cq_ex = mo_create_cq_ex,
	.create_qp = mo_create_qp,
	.create_qp_ex = mo_create_qp_ex,
	.dealloc_mw = mo_dealloc_mw,
	.dealloc_pd = mo_dealloc_pd,
	.dealloc_td = mo_dealloc_td,
	.dereg_mr = mo_dereg_mr,
	.destroy_ah = mo_destroy_ah,
	.destroy_cq = mo_destroy_cq,
	.destroy_qp = mo_destroy_qp,
	.detach_mcast = ibv_cmd_detach_mcast,
	.free_context = mo_free_context,
	.modify_cq = mo_modify_cq,
	.modify_qp = mo_modify_qp,
	.poll_cq = mo_poll_cq,
	.post_recv = mo_post_recv,
	.post_send = mo_post_send,
	.query_device_ex = mo_query_device_ex,
	.query_port = mo_query_port,
	.query_qp = mo_query_qp,
	.reg_mr = mo_reg_mr,
	.req_notify_cq = mo_req_notify_cq,
	.rereg_mr = mo_rereg_mr,
};

static struct verbs_context *mo_alloc_context(struct ibv_device *device,
					      int cmd_fd,
					      void *private_data __attribute__((unused)))
{
	struct mo_alloc_ctx_resp resp = {};
	struct mo_alloc_ctx cmd = {};
	struct mo_context *ctx;

	ctx = verbs_init_and_alloc_context(device, cmd_fd, ctx, ibv_ctx,
					   MO_RDMA_DRIVER_ID);
	if (!ctx)
		return NULL;
	if (ibv_cmd_get_context(&ctx->ibv_ctx, &cmd.ibv_cmd, sizeof(cmd),
				&resp.ibv_resp, sizeof(resp)))
		goto err_uninit;
	if (resp.drv_payload.db_size < MO_DB_PAGE_SIZE ||
	    resp.drv_payload.max_stride_log < MO_RDMA_STRIDE_MIN_LOG) {
		errno = EPROTO;
		goto err_uninit;
	}
	ctx->shadow = resp.drv_payload.flags & MO_CTX_SHADOW_DB;
	ctx->max_inline = resp.drv_payload.max_inline;
	ctx->max_stride_log = resp.drv_payload.max_stride_log;
	ctx->db_size = resp.drv_payload.db_size;
	ctx->db = mmap(NULL, ctx->db_size, PROT_WRITE, MAP_SHARED, cmd_fd,
		       resp.drv_payload.db_offset);
	if (ctx->db == MAP_FAILED)
		goto err_uninit;
	pthread_mutex_init(&ctx->qp_mutex, NULL);
	pthread_mutex_init(&ctx->rec_mutex, NULL);
	list_head_init(&ctx->rec_pages);
	verbs_set_ops(&ctx->ibv_ctx, &mo_context_ops);
	return &ctx->ibv_ctx;

err_uninit:
	verbs_uninit_context(&ctx->ibv_ctx);
	free(ctx);
	return NULL;
}

static struct verbs_device *
mo_alloc_device(struct verbs_sysfs_dev *sysfs_dev __attribute__((unused)))
{
	struct mo_device *dev = calloc(1, sizeof(*dev));

	return dev ? &dev->ibv_dev : NULL;
}

static void mo_uninit_device(struct verbs_device *vdev)
{
	free(container_of(vdev, struct mo_device, ibv_dev));
}

static const struct verbs_match_ent mo_match_table[] = {
	VERBS_DRIVER_ID(MO_RDMA_DRIVER_ID),
	VERBS_PCI_MATCH(MO_PCI_VENDOR_ID, MO_PCI_DEVICE_ID, NULL),
	{},
};

static const struct verbs_device_ops mo_dev_ops = {
	.name = "mesh_optical",
	.match_min_abi_version = MO_UVERBS_ABI_VERSION,
	.match_max_abi_version = MO_UVERBS_ABI_VERSION,
	.match_table = mo_match_table,
	.alloc_device = mo_alloc_device,
	.uninit_device = mo_uninit_device,
	.alloc_context = mo_alloc_context,
};

PROVIDER_DRIVER(mesh_optical, mo_dev_ops);
