/* slow_disk.c - preloaded into a program, it makes each fdatasync and fsync take so many
 * milliseconds more as stand in the file $SLOW_DISK_FILE at that moment, and counts these there. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct { /* two numbers of the machine's byte order */
	volatile uint32_t delay_ms, delayed;
} * disk;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("SLOW_DISK_FILE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = MAP_FAILED;
	if (fd >= 0)
		at = mmap(NULL, sizeof *disk, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		abort(); /* a disk that is not slow would prove nothing */
	close(fd);
	disk = at;
}

static int slowly(const char *name, int fd)
{
	uint32_t ms = disk->delay_ms;
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	int (*real)(int);
	*(void **)&real = dlsym(RTLD_NEXT, name);
	if (ms) {
		nanosleep(&time, NULL);
		__atomic_fetch_add(&disk->delayed, 1, __ATOMIC_RELAXED);
	}
	return real(fd);
}

int fdatasync(int fd)
{
	return slowly("fdatasync", fd);
}

int fsync(int fd)
{
	return slowly("fsync", fd);
}
