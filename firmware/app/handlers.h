/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One handler per row of MO_MB_COMMANDS, mo_handle_<NAME>. The request has at
 * least the bytes that its struct has; the response is zeroed and as large as
 * its struct.
 */
#ifndef MO_APP_HANDLERS_H
#define MO_APP_HANDLERS_H

#include "app/mailbox.h"

#define X(name, code, req, rsp, text) \
	enum mo_mb_status mo_handle_##name(struct mo_app *app, const struct req *request, \
					   struct rsp *response);
MO_MB_COMMANDS(X)
#undef X

#endif /* MO_APP_HANDLERS_H */
