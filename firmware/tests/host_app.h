/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The application for host programs: made, stepped, destroyed; its inside stays C. */
#ifndef MO_TESTS_HOST_APP_H
#define MO_TESTS_HOST_APP_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mo_app;

struct mo_app *mo_host_app_new(void);
void mo_host_app_delete(struct mo_app *app);
void mo_app_init(struct mo_app *app);
void mo_app_step(struct mo_app *app);
bool mo_app_busy(const struct mo_app *app);

/*
 * Where the ROM leaves the hand-over, and one as it leaves it, with the public
 * development key (32 bytes) as its only root key.
 */
unsigned int mo_host_boot_info_address(void);
unsigned int mo_host_boot_info_size(void);
void mo_host_boot_info_fill(void *info, unsigned int source, unsigned int slot,
			    const unsigned char *development_key);

/* The MO_LM_* and MO_FEC_* that the firmware uses when these masks are wanted; 0: none fits. */
struct mo_host_choice {
	unsigned int mode;
	unsigned char fec;
};

struct mo_host_choice mo_host_choose(unsigned int modes, unsigned char fec);

#ifdef __cplusplus
}
#endif

#endif /* MO_TESTS_HOST_APP_H */
