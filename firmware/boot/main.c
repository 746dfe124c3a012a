// SPDX-License-Identifier: GPL-2.0-or-later
/* Entry of the boot ROM's C code, called by start.S. */
#include "boot/rom.h"
#include "lib/cpu.h"
#include "root_keys.h"

int main(void);

static struct mo_rom rom;

int main(void)
{
	rom.info = (struct mo_boot_info *)MO_BOOT_INFO_ADDR;
	mo_rom_run(&rom, &mo_root_keys);
	/* Only the host's reset ends this. */
	mo_cpu_wake_sources(0);
	for (;;)
		mo_cpu_wait();
}
