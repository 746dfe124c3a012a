/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of the driver: admin commands, events, link.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mesh_optical

#if !defined(MO_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MO_TRACE_H

#include <linux/tracepoint.h>

#include "mo.h"

TRACE_EVENT(mo_admin_cmd,
	    TP_PROTO(struct mo_dev *md, u16 opcode, u16 tag),
	    TP_ARGS(md, opcode, tag),
	    TP_STRUCT__entry(__string(dev, dev_name(md->dev))
			     __field(u16, opcode)
			     __field(u16, tag)
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __entry->opcode = opcode;
			   __entry->tag = tag;
	    ),
	    TP_printk("%s opcode=0x%04x tag=0x%04x", __get_str(dev), __entry->opcode,
		      __entry->tag)
);

TRACE_EVENT(mo_admin_done,
	    TP_PROTO(struct mo_dev *md, u16 opcode, u16 tag, u16 status),
	    TP_ARGS(md, opcode, tag, status),
	    TP_STRUCT__entry(__string(dev, dev_name(md->dev))
			     __field(u16, opcode)
			     __field(u16, tag)
			     __field(u16, status)
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __entry->opcode = opcode;
			   __entry->tag = tag;
			   __entry->status = status;
	    ),
	    TP_printk("%s opcode=0x%04x tag=0x%04x status=%u", __get_str(dev),
		      __entry->opcode, __entry->tag, __entry->status)
);

TRACE_EVENT(mo_event,
	    TP_PROTO(struct mo_dev *md, const struct mo_eqe *eqe),
	    TP_ARGS(md, eqe),
	    TP_STRUCT__entry(__string(dev, dev_name(md->dev))
			     __field(u8, type)
			     __field(u8, port)
			     __field(u16, code)
			     __field(u32, object)
			     __field(u32, data)
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __entry->type = eqe->type;
			   __entry->port = eqe->port;
			   __entry->code = le16_to_cpu(eqe->code);
			   __entry->object = le32_to_cpu(eqe->object);
			   __entry->data = le32_to_cpu(eqe->data);
	    ),
	    TP_printk("%s type=0x%02x port=%u code=%u object=0x%06x data=0x%x",
		      __get_str(dev), __entry->type, __entry->port, __entry->code,
		      __entry->object, __entry->data)
);

TRACE_EVENT(mo_link,
	    TP_PROTO(struct mo_dev *md, const struct mo_link_state *ls),
	    TP_ARGS(md, ls),
	    TP_STRUCT__entry(__string(dev, dev_name(md->dev))
			     __field(u8, carrier)
			     __field(u8, fsm)
			     __field(u16, reason)
			     __field(u32, speed)
			     __field(u32, down_count)
	    ),
	    TP_fast_assign(__assign_str(dev);
			   __entry->carrier = ls->carrier;
			   __entry->fsm = ls->fsm;
			   __entry->reason = le16_to_cpu(ls->reason);
			   __entry->speed = le32_to_cpu(ls->speed_mbps);
			   __entry->down_count = le32_to_cpu(ls->down_count);
	    ),
	    TP_printk("%s carrier=%u fsm=%u reason=%u speed=%u down_count=%u",
		      __get_str(dev), __entry->carrier, __entry->fsm, __entry->reason,
		      __entry->speed, __entry->down_count)
);

#endif /* MO_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
