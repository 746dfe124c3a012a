// SPDX-License-Identifier: GPL-2.0-or-later
#include "app/mailbox.h"

#include "app/app.h"
#include "app/handlers.h"
#include "drv/mbox.h"
#include "lib/log.h"
#include "lib/mem.h"

/* Bytes of a body on the wire: mo_mb_none, alone of one byte, has none. */
#define BODY_SIZE(tag)		(sizeof(struct tag) == sizeof(struct mo_mb_none) ? \
				 0 : sizeof(struct tag))

typedef enum mo_mb_status (*handler_fn)(struct mo_app *app, const void *request,
					void *response);

/* Typed handlers behind one signature. */
#define X(name, code, req, rsp, text) \
	static enum mo_mb_status call_##name(struct mo_app *app, const void *request, \
					     void *response) \
	{ \
		return mo_handle_##name(app, (const struct req *)request, \
					(struct rsp *)response); \
	} \
	MO_ASSERT(sizeof(struct rsp) <= MO_MB_BODY_MAX, #name); \
	MO_ASSERT(sizeof(struct req) <= MO_MB_BODY_MAX, #name);
MO_MB_COMMANDS(X)
#undef X

static const struct command {
	uint16_t code;
	uint16_t request;
	uint16_t response;
	handler_fn call;
} commands[] = {
#define X(name, code, req, rsp, text) { code, BODY_SIZE(req), BODY_SIZE(rsp), call_##name },
	MO_MB_COMMANDS(X)
#undef X
};

static void answer(struct mo_app *app, enum mo_mb_status status, uint16_t len)
{
	struct mo_mailbox *box = &app->mailbox;

	box->response.hdr.cmd = box->request.hdr.cmd;
	box->response.hdr.port = box->request.hdr.port;
	box->response.hdr.status = (__le16)status;
	box->response.hdr.len = len;
	box->response.hdr.plane = box->request.hdr.plane;
	if (mo_mbox_answer(&box->response, sizeof(box->response.hdr) + len) != MO_OK)
		mo_log("mailbox: answer is too long");
}

static const struct command *find(uint16_t code)
{
	for (uint32_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].code == code)
			return &commands[i];
	return NULL;
}

void mo_mailbox_interrupt(struct mo_app *app)
{
	struct mo_mailbox *box = &app->mailbox;
	const struct command *command;
	enum mo_mb_status status;
	uint32_t len;

	if (box->pending || !mo_mbox_waiting())
		return;
	len = mo_mbox_take(&box->request, sizeof(box->request));
	memset((uint8_t *)&box->request + len, 0, sizeof(box->request) - len);
	command = find(box->request.hdr.cmd);
	if (len < sizeof(box->request.hdr)) {
		answer(app, MO_MB_ERR_LENGTH, 0);
		return;
	}
	len -= sizeof(box->request.hdr);
	if (!command) {
		answer(app, MO_MB_ERR_COMMAND, 0);
		return;
	}
	if (box->request.hdr.len > len || box->request.hdr.len < command->request) {
		answer(app, MO_MB_ERR_LENGTH, 0);
		return;
	}
	if (box->request.hdr.port >= app->ports) {
		answer(app, MO_MB_ERR_PORT, 0);
		return;
	}
	/* The lanes of a port are one link. */
	if (box->request.hdr.plane) {
		answer(app, MO_MB_ERR_PLANE, 0);
		return;
	}
	memset(box->response.body, 0, command->response);
	box->pending = true;
	status = command->call(app, box->request.body, box->response.body);
	if (status == MO_MB_PENDING)
		return; /* mo_mailbox_complete() answers, or has answered */
	box->pending = false;
	answer(app, status, status == MO_MB_OK ? command->response : 0);
}

void mo_mailbox_complete(struct mo_app *app, enum mo_mb_status status, const void *body,
			 uint16_t len)
{
	struct mo_mailbox *box = &app->mailbox;

	if (len > MO_MB_BODY_MAX)
		len = MO_MB_BODY_MAX;
	if (len && body != box->response.body)
		memcpy(box->response.body, body, len);
	box->pending = false;
	answer(app, status, len);
}
