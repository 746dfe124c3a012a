/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text log: every character goes to the SYS_LOG register and to the sink
 * that the application sets (its buffer behind LOG_GET).
 */
#ifndef MO_LIB_LOG_H
#define MO_LIB_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

/* Also gets every character from now on; a null pointer ends that. */
void mo_log_set_sink(void (*sink)(char c));

/* Prints one line as mo_vformat() does; the newline is added. */
void mo_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#ifdef __cplusplus
}
#endif

#endif /* MO_LIB_LOG_H */
