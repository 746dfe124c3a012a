// SPDX-License-Identifier: GPL-2.0
/*
 * The auxiliary device "mesh_optical.rdma" and what its driver may use of the
 * NIC (mo_aux.h). Knows nothing of RDMA.
 */
#include <linux/bitmap.h>
#include <linux/capability.h>

#include "mo.h"
#include "auxdev.h"
#include "cmd.h"

struct mo_aux_state {
	struct mo_aux *aux;		/* the device, or NULL */
	const struct mo_aux_ops *ops;	/* event_lock */
	void *priv;
	struct mutex page_lock;		/* used */
	unsigned int pages;		/* doorbell pages of the BAR */
	unsigned long used[];		/* those that are given out */
};

static void mo_auxdev_release(struct device *dev)
{
	kfree(to_mo_aux(to_auxiliary_dev(dev)));
}

int mo_auxdev_init(struct mo_dev *md)
{
	unsigned int pages = pci_resource_len(md->pdev, MO_BAR_DB) / MO_DB_PAGE_SIZE;
	struct mo_aux_state *state;

	state = kzalloc(struct_size(state, used, BITS_TO_LONGS(pages)), GFP_KERNEL);
	if (!state)
		return -ENOMEM;
	state->pages = pages;
	mutex_init(&state->page_lock);
	__set_bit(MO_DB_PAGE_KERNEL, state->used);
	md->auxdev = state;
	return 0;
}

void mo_auxdev_exit(struct mo_dev *md)
{
	kfree(md->auxdev);
	md->auxdev = NULL;
}

/**
 * mo_auxdev_add() - the NIC and its netdev are up: offer them
 * @md: device; devl_lock held
 *
 * A failure is told and costs the auxiliary device only.
 */
void mo_auxdev_add(struct mo_dev *md)
{
	struct mo_aux *aux;
	int err;

	devl_assert_locked(mo_devlink(md));
	if (md->auxdev->aux || !md->netdev || !(md->features & MO_F_RDMA))
		return;
	aux = kzalloc_obj(*aux);
	if (!aux) {
		err = -ENOMEM;
		goto fail;
	}
	aux->md = md;
	aux->pdev = md->pdev;
	aux->netdev = md->netdev;
	aux->db = md->db;
	aux->features = md->features;
	aux->vectors = md->channels;
	aux->adev.name = MO_AUX_RDMA;
	aux->adev.id = (pci_domain_nr(md->pdev->bus) << 16) | pci_dev_id(md->pdev);
	aux->adev.dev.parent = md->dev;
	aux->adev.dev.release = mo_auxdev_release;
	err = auxiliary_device_init(&aux->adev);
	if (err) {
		kfree(aux);
		goto fail;
	}
	md->auxdev->aux = aux;
	err = auxiliary_device_add(&aux->adev);
	if (err) {
		md->auxdev->aux = NULL;
		auxiliary_device_uninit(&aux->adev);
		goto fail;
	}
	return;

fail:
	dev_err(md->dev, "cannot offer RDMA: %pe\n", ERR_PTR(err));
}

/**
 * mo_auxdev_del() - take the offer back
 * @md: device; devl_lock held
 *
 * Its driver has let go of everything when this returns. On a dead device its
 * users learn of that first.
 */
void mo_auxdev_del(struct mo_dev *md)
{
	struct mo_aux_state *state = md->auxdev;
	struct mo_aux *aux = state->aux;

	devl_assert_locked(mo_devlink(md));
	if (!aux)
		return;
	mutex_lock(&md->event_lock);
	if (state->ops && (mo_gone(md) || test_bit(MO_STATE_RESETTING, &md->state)))
		state->ops->fatal(state->priv);
	mutex_unlock(&md->event_lock);

	auxiliary_device_delete(&aux->adev);
	state->aux = NULL;
	auxiliary_device_uninit(&aux->adev);
}

/* Events of RDMA objects; event_lock held. False: it is of none. */
bool mo_auxdev_event(struct mo_dev *md, const struct mo_eqe *eqe)
{
	struct mo_aux_state *state = md->auxdev;

	if (!state->ops)
		return false;
	return state->ops->event(state->priv, eqe->type, le32_to_cpu(eqe->object),
				 le16_to_cpu(eqe->code), le32_to_cpu(eqe->data));
}

int mo_aux_register(struct mo_aux *aux, const struct mo_aux_ops *ops, void *priv)
{
	struct mo_aux_state *state = aux->md->auxdev;
	int err = 0;

	mutex_lock(&aux->md->event_lock);
	if (state->ops) {
		err = -EBUSY;
	} else {
		state->ops = ops;
		state->priv = priv;
	}
	mutex_unlock(&aux->md->event_lock);
	return err;
}
EXPORT_SYMBOL_NS_GPL(mo_aux_register, MO_AUX_NAMESPACE);

void mo_aux_unregister(struct mo_aux *aux)
{
	struct mo_aux_state *state = aux->md->auxdev;

	mutex_lock(&aux->md->event_lock);
	state->ops = NULL;
	state->priv = NULL;
	mutex_unlock(&aux->md->event_lock);
}
EXPORT_SYMBOL_NS_GPL(mo_aux_unregister, MO_AUX_NAMESPACE);

int mo_aux_cmd(struct mo_aux *aux, u16 opcode, const void *body, size_t body_len,
	       void *result, size_t result_len)
{
	return mo_cmd_exec(aux->md, aux->port, opcode, body, body_len, result, result_len,
			   NULL);
}
EXPORT_SYMBOL_NS_GPL(mo_aux_cmd, MO_AUX_NAMESPACE);

void mo_aux_distrust(struct mo_aux *aux)
{
	mo_cmd_distrust(aux->md, "device does not let go of an RDMA object");
}
EXPORT_SYMBOL_NS_GPL(mo_aux_distrust, MO_AUX_NAMESPACE);

bool mo_aux_gone(const struct mo_aux *aux)
{
	return mo_gone(aux->md) || !test_bit(MO_STATE_ADMIN_UP, &aux->md->state);
}
EXPORT_SYMBOL_NS_GPL(mo_aux_gone, MO_AUX_NAMESPACE);

u64 mo_aux_fw_version(const struct mo_aux *aux)
{
	const struct mo_mgmt *mgmt = &aux->md->mgmt;

	if (!READ_ONCE(mgmt->usable))
		return 0;
	return (u64)mgmt->version.ver_major << 32 | mgmt->version.ver_minor << 16 |
	       mgmt->version.ver_patch;
}
EXPORT_SYMBOL_NS_GPL(mo_aux_fw_version, MO_AUX_NAMESPACE);

u32 mo_aux_eqn(struct mo_aux *aux, unsigned int vector)
{
	return mo_eq_get(aux->md, vector)->object;
}
EXPORT_SYMBOL_NS_GPL(mo_aux_eqn, MO_AUX_NAMESPACE);

int mo_aux_comp_attach(struct mo_aux *aux, unsigned int vector, struct mo_comp *comp)
{
	return mo_comp_attach(mo_eq_get(aux->md, vector), comp);
}
EXPORT_SYMBOL_NS_GPL(mo_aux_comp_attach, MO_AUX_NAMESPACE);

void mo_aux_comp_detach(struct mo_aux *aux, struct mo_comp *comp)
{
	mo_comp_detach(aux->md, comp);
}
EXPORT_SYMBOL_NS_GPL(mo_aux_comp_detach, MO_AUX_NAMESPACE);

int mo_aux_db_page_get(struct mo_aux *aux, u32 *page, phys_addr_t *addr)
{
	struct mo_aux_state *state = aux->md->auxdev;
	unsigned int left;
	unsigned long free;
	int err = 0;

	mutex_lock(&state->page_lock);
	free = find_first_zero_bit(state->used, state->pages);
	left = state->pages - bitmap_weight(state->used, state->pages);
	/* The capability last: asking for it leaves a trace in the audit log. */
	if (!left || (left <= state->pages / MO_AUX_PER_KEPT && !capable(CAP_SYS_RESOURCE)))
		err = -ENOSPC;
	else
		__set_bit(free, state->used);
	mutex_unlock(&state->page_lock);
	if (err)
		return err;
	*page = free;
	*addr = pci_resource_start(aux->pdev, MO_BAR_DB) + free * MO_DB_PAGE_SIZE;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(mo_aux_db_page_get, MO_AUX_NAMESPACE);

void mo_aux_db_page_put(struct mo_aux *aux, u32 page)
{
	struct mo_aux_state *state = aux->md->auxdev;

	mutex_lock(&state->page_lock);
	__clear_bit(page, state->used);
	mutex_unlock(&state->page_lock);
}
EXPORT_SYMBOL_NS_GPL(mo_aux_db_page_put, MO_AUX_NAMESPACE);
