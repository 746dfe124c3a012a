// SPDX-License-Identifier: GPL-2.0
/*
 * Asynchronous events: whom each one is for. They come from the event queue of
 * vector 0 (eq.c) through a fifo, and are dispatched by a work, one after
 * another. An event that finds the fifo full stays in the ring of its queue,
 * and the device keeps what finds the ring full: there is none that is lost,
 * so nobody has to look at what they might have been about.
 */
#include "mo.h"
#include "auxdev.h"
#include "event.h"
#include "fw.h"
#include "netdev.h"
#include "status.h"

/* Events for nobody in one run, with no other between: a device out of control. */
#define MO_EVENT_STRAYS		16384

/* False: there is nobody whom it is for. */
static bool mo_event_dispatch(struct mo_dev *md, const struct mo_eqe *eqe)
{
	u32 object = le32_to_cpu(eqe->object);
	u16 code = le16_to_cpu(eqe->code);
	u32 data = le32_to_cpu(eqe->data);

	if (eqe->port >= md->id.ports || eqe->plane >= md->id.planes) {
		md->events_bad++;
		return false;
	}
	switch (eqe->type) {
	case MO_EVENT_LINK:
		mo_link_event(md);
		break;
	case MO_EVENT_MGMT:
		mo_fw_event(md, code, data);
		break;
	case MO_EVENT_FLASH:
		mo_flash_event(md);
		break;
	case MO_EVENT_MODULE:
		mo_link_module_event(md, code);
		break;
	case MO_EVENT_THERMAL:
		if (code)
			dev_warn_ratelimited(md->dev, "port %u: temperature %s\n", eqe->port,
					     code == 1 ? "warning" : "alarm");
		else
			dev_info_ratelimited(md->dev, "port %u: temperature is normal again\n",
					     eqe->port);
		break;
	case MO_EVENT_LANE:
		mo_link_lane_event(md, data);
		break;
	case MO_EVENT_QP_ERROR:
	case MO_EVENT_QP_ESTABLISHED:
	case MO_EVENT_SQ_DRAINED:
		if (mo_auxdev_event(md, eqe))
			break;
		md->events_late++;
		return false;
	case MO_EVENT_CQ_ERROR:
		/*
		 * Its owner is told. It is no news for the log, which a process could fill
		 * so; the network interface knows its own queues and says it of them.
		 */
		if (!mo_auxdev_event(md, eqe) && md->net_ready)
			mo_net_queue_error(md, eqe->type, object, code);
		break;
	case MO_EVENT_QUEUE_ERROR:
		dev_err_ratelimited(md->dev, "queue 0x%06x stopped: %s\n", object,
				    mo_queue_error_text(code));
		if (md->net_ready)
			mo_net_queue_error(md, eqe->type, object, code);
		break;
	case MO_EVENT_DMA_FAULT:
		dev_err_ratelimited(md->dev, "DMA fault of object 0x%06x\n", object);
		break;
	case MO_EVENT_FATAL:
		dev_err(md->dev, "device stopped: %s\n", mo_fatal_text(code));
		mo_dev_fail(md, "device reported a fatal error");
		break;
	default:
		md->events_bad++;
		dev_dbg(md->dev, "event of unknown type 0x%02x dropped\n", eqe->type);
		return false;
	}
	return true;
}

void mo_event_work(struct work_struct *work)
{
	struct mo_dev *md = container_of(work, struct mo_dev, event_work);
	struct mo_eqe eqe;

	mutex_lock(&md->event_lock);
	while (kfifo_get(&md->events, &eqe)) {
		md->event_strays = mo_event_dispatch(md, &eqe) ? 0 : md->event_strays + 1;
		if (md->event_strays == MO_EVENT_STRAYS)
			mo_dev_fail(md, "device floods the driver with events for nobody");
		cond_resched();
	}
	/* Now there is room for what the ring had to hold. */
	if (!mo_eq_resume(md))
		md->event_strays = 0;
	mutex_unlock(&md->event_lock);
}

/* Forgets what is left of before a reset; no event queue is live. */
void mo_event_reset(struct mo_dev *md)
{
	mutex_lock(&md->event_lock);
	kfifo_reset(&md->events);
	mutex_unlock(&md->event_lock);
}
