/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only place that knows older kernels: the driver is written to the API of
 * Linux 7.3; what a kernel lacks of it is made up here. Which parts it lacks
 * is found out by compiling driver/compat/<name>.c at build time (Kbuild): a
 * file that compiles defines MO_HAVE_<NAME>. Add a file to add a question.
 */
#ifndef MO_COMPAT_H
#define MO_COMPAT_H

#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/devlink.h>

#include "compat_gen.h"

#ifndef kzalloc_obj
#define kzalloc_obj(object)			kzalloc(sizeof(object), GFP_KERNEL)
#endif

#ifndef MO_HAVE_DEVLINK_HEALTH_DEFAULTS
/* The graceful period was an argument before it became part of the ops. */
#define mo_health_reporter_create(devlink, ops, period_ms, priv) \
	devl_health_reporter_create(devlink, ops, period_ms, priv)
#else
#define mo_health_reporter_create(devlink, ops, period_ms, priv) \
	devl_health_reporter_create(devlink, ops, priv)
#endif

/* Values of devlink parameters were passed by value. */
#ifdef MO_HAVE_DEVLINK_PARAM_BY_POINTER
#define MO_PARAM_VALUE				union devlink_param_value *
#define mo_param_u8(val)			((val)->vu8)
#define mo_param_bool(val)			((val)->vbool)
#define mo_param_driverinit_set(devlink, id, val) \
	devl_param_driverinit_value_set(devlink, id, val)
#else
#define MO_PARAM_VALUE				union devlink_param_value
#define mo_param_u8(val)			((val).vu8)
#define mo_param_bool(val)			((val).vbool)
#define mo_param_driverinit_set(devlink, id, val) \
	devl_param_driverinit_value_set(devlink, id, *(val))
#endif

/* Had "DUMP" in its name while only dumps had a context. */
#ifndef NL_ASSERT_CTX_FITS
#define NL_ASSERT_CTX_FITS			NL_ASSERT_DUMP_CTX_FITS
#endif

#endif /* MO_COMPAT_H */
