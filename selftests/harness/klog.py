# SPDX-License-Identifier: GPL-2.0-or-later
"""What in a kernel log means that something is wrong."""

from __future__ import annotations

import re

_BAD = re.compile("|".join((
    r"\bWARNING: ", r"\bBUG: ", r"\bBUG at ", r"\bOops\b", r"general protection fault", r"Kernel panic",
    r"\bUBSAN: ", r"\bKASAN: ", r"\bKFENCE: ", r"\bKCSAN: ", r"\bkmemleak: \d+ new", r"\bDMA-API: (?!preallocated|debugging)",
    r"possible (circular|recursive) locking", r"inconsistent lock state", r"suspicious RCU usage",
    r"INFO: (possible|trying|rcu|inconsistent|suspicious|HARDIRQ|SOFTIRQ|lockdep)", r"rcu_\w+ (self-)?detected stall",
    r"INFO: task .* blocked for more than", r"soft lockup", r"hard LOCKUP", r"sleeping function called from",
    r"scheduling while atomic", r"NETDEV WATCHDOG", r"list_(add|del) corruption", r"refcount_t: ",
    r"Bad page state", r"page_pool_release_retry\(\) stalled", r"unregister_netdevice: waiting for",
    r"DMAR: .*(fault|DRHD: handling)", r"AER: .*error (received|message received)", r"Unable to handle kernel",
    r"stack-protector", r"unchecked MSR access", r"nobody cared", r"WARN_ON", r"memory leak", r"Call Trace:",
    r"^\S* ?\[[^]]*\] (RIP|CPU: \d+ .*Tainted): ", r"slab-(out-of-bounds|use-after-free)", r"pagealloc: (memory corruption|single bit error)", r"out of memory|Out of memory",
)))
# Emulation is slow: the guest's clock complains about its host, not about us.
_HARMLESS = re.compile("|".join((
    r"clocksource: .*(watchdog|skew)", r"TSC (unstable|ADJUST)", r"perf: interrupt took too long",
    r"hrtimer: interrupt took", r"possible (clock|TSC) ", r"workqueue: .* hogged CPU",
)), re.I)


def problems(log: str, expected: str = "") -> list[str]:
    """The lines of a kernel log that must not be there. `expected` is a regular
    expression of lines that the test itself provokes."""
    allowed = re.compile(expected) if expected else None
    return [line for line in log.splitlines()
            if _BAD.search(line) and not _HARMLESS.search(line) and not (allowed and allowed.search(line))]
