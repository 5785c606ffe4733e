/* keys.c - secret keys in files, and what keeps them from leaving the process. */
#include "node/keys.h"

#include "base/text.h"
#include "node/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_SIZE = 2 * EC_SEED_SIZE + 1 };

static bool key_put(const char *path, const struct ec_secret *secret, char *why, size_t why_size)
{
	char text[KEY_FILE_SIZE + 1];
	sodium_bin2hex(text, sizeof text, secret->seed, EC_SEED_SIZE);
	text[KEY_FILE_SIZE - 1] = '\n';
	bool good = file_replace(path, text, KEY_FILE_SIZE, 0600);
	if (!good)
		snprintf(why, why_size, "%s: the key cannot be written: %s", path, strerror(errno));
	sodium_memzero(text, sizeof text);
	return good;
}

bool ec_key_write(const char *path, const struct ec_secret *secret, char *why, size_t why_size)
{
	if (access(path, F_OK) != 0)
		return key_put(path, secret, why, why_size);
	snprintf(why, why_size, "%s: there is a key already; it is not written over", path);
	return false;
}

/* Zeros over a key whose name is gone, or goes next.  A disk may keep the old bytes elsewhere. */
static void bytes_destroy(int fd)
{
	static const char zeros[KEY_FILE_SIZE];
	if (fd >= 0 && file_write_at(fd, zeros, sizeof zeros, 0))
		fdatasync(fd);
}

bool ec_key_replace(const char *path, const struct ec_secret *secret, char *why, size_t why_size)
{
	int old = open(path, O_WRONLY | O_CLOEXEC);
	bool good = key_put(path, secret, why, why_size);
	if (good)
		bytes_destroy(old);
	if (old >= 0)
		close(old);
	return good;
}

bool ec_key_destroy(const char *path, char *why, size_t why_size)
{
	int old = open(path, O_WRONLY | O_CLOEXEC);
	bool good = (old >= 0 || errno == ENOENT) && (unlink(path) == 0 || errno == ENOENT) &&
	            file_sync_folder_of(path);
	if (!good)
		snprintf(why, why_size, "%s: the key cannot be removed: %s", path, strerror(errno));
	else
		bytes_destroy(old);
	if (old >= 0)
		close(old);
	return good;
}

/* Whether only the owner may read it, and it is a plain file of the right size. */
static bool file_check(const char *path, int fd, char *why, size_t why_size)
{
	struct stat status;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		snprintf(why, why_size, "%s: a key file was expected, this is none", path);
		return false;
	}
	if (status.st_mode & (S_IRWXG | S_IRWXO)) {
		snprintf(
			why, why_size,
			"%s: others may read or write this key (mode %03o); if it is still secret: "
			"chmod 600 %s",
			path, status.st_mode & 0777u, path);
		return false;
	}
	if (status.st_size != KEY_FILE_SIZE) {
		snprintf(why, why_size, "%s: a key file has %d bytes, this one has %lld", path,
		         KEY_FILE_SIZE, (long long)status.st_size);
		return false;
	}
	return true;
}

bool ec_key_read(const char *path, struct ec_secret *secret, char *why, size_t why_size)
{
	char text[KEY_FILE_SIZE] = {0};
	uint8_t seed[EC_SEED_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(why, why_size, "%s: the key cannot be read: %s", path, strerror(errno));
		return false;
	}
	bool good = file_check(path, fd, why, why_size);
	if (good) {
		good = file_read_at(fd, text, sizeof text, 0) == KEY_FILE_SIZE &&
		       text[KEY_FILE_SIZE - 1] == '\n';
		text[KEY_FILE_SIZE - 1] = 0;
		good = good && ec_hex_read(text, seed, sizeof seed);
		if (!good)
			snprintf(why, why_size,
			         "%s: 64 hexadecimal digits and a line end were expected", path);
	}
	close(fd);
	if (good)
		ec_secret_from_seed(secret, seed);
	sodium_memzero(text, sizeof text);
	sodium_memzero(seed, sizeof seed);
	return good;
}

void ec_keys_guard(void)
{
	const struct rlimit none = {0};
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
