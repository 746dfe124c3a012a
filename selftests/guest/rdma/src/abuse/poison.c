// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another process that gets the pages which a program gives up, and fills them
 * with poison. By /proc/self/pagemap it knows that they are the same.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rdma_abuse.h"

#define PAGE		4096UL
#define CHUNK		(2UL << 20)
#define BUDGET		(360UL << 20)	/* of a guest's 768 MiB */
#define FRAME		((1ULL << 55) - 1)
#define PRESENT		(1ULL << 63)
#define MOST_WATCHED	4096

enum { WAIT_MS = 3000 };

static int to_child = -1;
static pid_t the_child;

void text_fill(void *to, size_t size, const char *text)
{
	uint8_t *at = to;

	for (; size >= TEXT_SIZE; size -= TEXT_SIZE, at += TEXT_SIZE)
		memcpy(at, text, TEXT_SIZE);
}

/* Small pages, which are free one by one. */
void *pages_get(size_t size)
{
	void *addr = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(addr != MAP_FAILED, "no memory");
	madvise(addr, size, MADV_NOHUGEPAGE);
	return addr;
}

static void frames(const void *buffer, size_t size, uint64_t *list)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	size_t bytes = size / PAGE * sizeof(*list);

	check(fd >= 0 && pread(fd, list, bytes, (uintptr_t)buffer / PAGE * sizeof(*list)) == (ssize_t)bytes, "pagemap");
	close(fd);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a & FRAME, y = *(const uint64_t *)b & FRAME;

	return x < y ? -1 : x > y;
}

struct watch {
	uint64_t num;
	uint64_t list[MOST_WATCHED];
};

/* Poisons a piece of memory, which stays; how many of its pages are watched. */
static unsigned int poison_chunk(const struct watch *watch)
{
	static uint64_t mine[CHUNK / PAGE];
	void *chunk = pages_get(CHUNK);
	unsigned int found = 0;
	size_t i;

	text_fill(chunk, CHUNK, POISON_TEXT);
	if (watch->num)
		frames(chunk, CHUNK, mine);
	for (i = 0; i < ARRAY_SIZE(mine) && watch->num; i++)
		if ((mine[i] & PRESENT) && bsearch(&mine[i], watch->list, watch->num, sizeof(*mine), by_number))
			found++;
	return found;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* As much as there is; until most of what is watched was found, or the time is over. */
static void refill(struct watch *watch)
{
	uint64_t end = now_ms() + WAIT_MS;
	unsigned int found = 0;
	size_t taken = 0;
	FILE *file;

	qsort(watch->list, watch->num, sizeof(*watch->list), by_number);
	while (found < watch->num * 3 / 4 && taken < BUDGET && now_ms() < end) {
		found += poison_chunk(watch);
		taken += CHUNK;
	}
	/* What repeats for long meets the poison. */
	usleep(300000);
	file = fopen(REFILL_FILE ".new", "w");
	if (!file)
		exit(1);
	fprintf(file, "%u of %u pages, %zu MiB\n", found, (unsigned int)watch->num, taken >> 20);
	fclose(file);
	exit(rename(REFILL_FILE ".new", REFILL_FILE));
}

static void child(int from)
{
	static struct watch watch;
	char go;

	/* Anything of the parent's is open there only, so that its end is one. */
	dup2(from, 3);
	close_range(4, ~0U, 0);
	if (read(3, &watch, sizeof(watch)) != sizeof(watch))
		exit(0);
	/* The word, or the parent's end. */
	(void)!read(3, &go, 1);
	refill(&watch);
}

void refill_prepare(void)
{
	int ends[2];

	unlink(REFILL_FILE);
	check(!pipe2(ends, O_CLOEXEC), "pipe2");
	fcntl(ends[1], F_SETPIPE_SZ, 2 * sizeof(struct watch));
	the_child = fork();
	check(the_child >= 0, "fork");
	if (!the_child) {
		setsid();
		close(ends[1]);
		child(ends[0]);
	}
	close(ends[0]);
	to_child = ends[1];
}

/* These pages will be given up. */
void refill_watch(const void *buffer, size_t size)
{
	static struct watch watch;

	watch.num = size / PAGE;
	check(watch.num <= MOST_WATCHED, "too many pages");
	frames(buffer, size, watch.list);
	check(write(to_child, &watch, sizeof(watch)) == sizeof(watch), "pipe");
}

/* They have been: returns when the other process has looked for them, with how many it got. */
unsigned int refill_now(void)
{
	unsigned int found = 0;
	int status;
	FILE *file;

	check(write(to_child, "!", 1) == 1, "pipe");
	check(waitpid(the_child, &status, 0) == the_child && !status, "the other process failed");
	file = fopen(REFILL_FILE, "r");
	check(file && fscanf(file, "%u", &found) == 1, REFILL_FILE);
	fclose(file);
	return found;
}

/* Takes and gives back memory for some seconds. */
int poison(int seconds)
{
	uint64_t end = now_ms() + seconds * 1000ULL;
	size_t rounds = 0, i;
	void *all;

	do {
		all = pages_get(BUDGET);
		for (i = 0; i < BUDGET; i += CHUNK)
			text_fill((uint8_t *)all + i, CHUNK, POISON_TEXT);
		munmap(all, BUDGET);
		rounds++;
	} while (now_ms() < end);
	printf("%zu times %lu MiB\n", rounds, BUDGET >> 20);
	return 0;
}
