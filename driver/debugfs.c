// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: registers by name, admin queue and event queues. For people who
 * debug the driver; nothing else may depend on it.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "mo.h"
#include "debugfs.h"
#include "regs.h"
#include "status.h"

static struct dentry *mo_debugfs_root;

static int registers_show(struct seq_file *s, void *unused)
{
	struct mo_dev *md = s->private;
	const char *name;
	unsigned int i;
	u32 offset;

	for (i = 0; i < mo_regs_count() && mo_readable(md); i++)
		if (mo_regs_row(md, i, &name, &offset))
			seq_printf(s, "0x%04x %-20s 0x%08x\n", offset, name,
				   mo_rd(md, offset));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(registers);

static int adminq_show(struct seq_file *s, void *unused)
{
	struct mo_dev *md = s->private;
	struct mo_adminq *aq = &md->adminq;

	spin_lock_irq(&aq->lock);
	seq_printf(s, "up %d\ntail %u\nhead %u\nci %u\nin-flight %u\n",
		   test_bit(MO_STATE_ADMIN_UP, &md->state), aq->tail, aq->head, aq->ci, aq->busy);
	seq_printf(s, "commands %llu\nfailed %llu\ntimeouts %llu\nlate %llu\nbad %llu\npolled %llu\n",
		   aq->commands, aq->failed, aq->timeouts, aq->late, aq->bad, aq->polled);
	spin_unlock_irq(&aq->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(adminq);

static int eqs_show(struct seq_file *s, void *unused)
{
	struct mo_dev *md = s->private;
	unsigned int i;

	seq_puts(s, "vector   irq   object     ci     events     late      bad deferred missed\n");
	for (i = 0; i < md->vectors; i++) {
		const struct mo_eq *eq = &md->eqs[i];

		seq_printf(s, "%6u %5d 0x%06x %6u %10llu %8llu %8llu %8llu %6llu\n", i, eq->irq,
			   eq->live ? eq->object : 0, eq->ci, eq->events, eq->late, eq->bad,
			   eq->deferred, eq->missed);
	}
	seq_printf(s, "asynchronous: late %llu, bad %llu\n", md->events_late, md->events_bad);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(eqs);

static int state_show(struct seq_file *s, void *unused)
{
	struct mo_dev *md = s->private;

	seq_printf(s, "features 0x%llx\nshadow-doorbells %d\nchannels %u\nmgmt %s\nresets %llu\ncrashes %llu\n",
		   md->features, !!(md->features & MO_F_SHADOW_DB), md->channels,
		   mo_mgmt_state_text(md->mgmt.state), md->health.resets, md->mgmt.crashes);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

void mo_debugfs_add(struct mo_dev *md)
{
	md->debugfs = debugfs_create_dir(pci_name(md->pdev), mo_debugfs_root);
	debugfs_create_file("registers", 0400, md->debugfs, md, &registers_fops);
	debugfs_create_file("adminq", 0400, md->debugfs, md, &adminq_fops);
	debugfs_create_file("eqs", 0400, md->debugfs, md, &eqs_fops);
	debugfs_create_file("state", 0400, md->debugfs, md, &state_fops);
}

void mo_debugfs_remove(struct mo_dev *md)
{
	debugfs_remove_recursive(md->debugfs);
	md->debugfs = NULL;
}

void mo_debugfs_init(void)
{
	mo_debugfs_root = debugfs_create_dir(MO_DRV_NAME, NULL);
}

void mo_debugfs_exit(void)
{
	debugfs_remove_recursive(mo_debugfs_root);
}
