/* keys.c - secret keys in files, and what keeps them from leaving the process.
 *
 * A key that is done with is destroyed in steps; each is durable before the next begins:
 *
 *                      NAME        next        NAME.retired
 *      before          old         new
 *   1  link            old         new         old           a second name for the old bytes
 *   2  rename          new                     old           (or another file, or none, at NAME)
 *   3  zeros           new                     zeros
 *   4  unlink          new
 *
 * (K1) NAME is never missing while there is a key for it, and never half of one.
 * (K2) NAME.retired is never read as a key.  What ends at any step is taken up by
 *      ec_key_finish(): after step 1 both names hold one key, so nothing was replaced and only the
 *      second name goes; after step 2 and 3 the bytes are written over first.
 * (K3) A retired key has a name until its bytes are written over: no cut leaves them in blocks that
 *      nobody finds again.
 */
#include "node/keys.h"

#include "base/text.h"
#include "node/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static bool refuse(const char *path, const char *what, char *why, size_t why_size)
{
	snprintf(why, why_size, "%s: %s: %s", path, what, strerror(errno));
	return false;
}

/* Returns: false with ENAMETOOLONG when it does not fit. */
static bool retired_path(char out[static FILE_PATH_MAX], const char *path)
{
	if (snprintf(out, FILE_PATH_MAX, "%s.retired", path) < FILE_PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

static bool contents_equal(const char *a, const char *b)
{
	size_t size_a = 0, size_b = 0;
	uint8_t *in_a = file_read(a, KEY_FILE_SIZE, &size_a);
	uint8_t *in_b = file_read(b, KEY_FILE_SIZE, &size_b);
	bool equal = in_a && in_b && size_a == size_b && memcmp(in_a, in_b, size_a) == 0;
	if (in_a)
		sodium_memzero(in_a, size_a);
	if (in_b)
		sodium_memzero(in_b, size_b);
	free(in_a);
	free(in_b);
	return equal;
}

/* Step 3.  A disk may keep the old bytes elsewhere. */
static bool bytes_destroy(const char *path)
{
	static const char zeros[KEY_FILE_SIZE];
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool good = file_write_at(fd, zeros, sizeof zeros, 0) && fdatasync(fd) == 0;
	int error = errno;
	close(fd);
	errno = error;
	return good;
}

static bool name_remove(const char *path)
{
	return unlink(path) == 0 && file_sync_folder_of(path);
}

bool ec_key_finish(const char *path, char *why, size_t why_size)
{
	char retired[FILE_PATH_MAX];
	if (!retired_path(retired, path))
		return refuse(path, "the key's name", why, why_size);
	if (access(retired, F_OK) != 0)
		return true;
	if ((contents_equal(path, retired) || bytes_destroy(retired)) && name_remove(retired))
		return true;
	return refuse(retired, "this retired key cannot be destroyed", why, why_size);
}

/* Step 1; a key that was retired before goes first. */
static bool retire_begin(const char *path, char *why, size_t why_size)
{
	char retired[FILE_PATH_MAX];
	if (!ec_key_finish(path, why, why_size))
		return false;
	if (retired_path(retired, path) && (link(path, retired) == 0 || errno == ENOENT) &&
	    file_sync_folder_of(path))
		return true;
	return refuse(path, "the key cannot be retired", why, why_size);
}

bool ec_key_replace(const char *path, const struct ec_secret *secret, char *why, size_t why_size)
{
	return retire_begin(path, why, why_size) && key_put(path, secret, why, why_size) &&
	       ec_key_finish(path, why, why_size);
}

bool ec_key_destroy(const char *path, char *why, size_t why_size)
{
	if (!retire_begin(path, why, why_size))
		return false;
	if (access(path, F_OK) == 0 && !name_remove(path))
		return refuse(path, "the key cannot be removed", why, why_size);
	return ec_key_finish(path, why, why_size);
}

bool ec_key_move(const char *from, const char *path, char *why, size_t why_size)
{
	if (!retire_begin(path, why, why_size))
		return false;
	if (rename(from, path) != 0 || !file_sync_folder_of(path) || !file_sync_folder_of(from))
		return refuse(from, "the key cannot be put in place of the old one", why, why_size);
	return ec_key_finish(path, why, why_size);
}

/* Whether both are names of one file. */
static bool files_same(const char *a, const char *b)
{
	struct stat at_a, at_b;
	return stat(a, &at_a) == 0 && stat(b, &at_b) == 0 && at_a.st_dev == at_b.st_dev &&
	       at_a.st_ino == at_b.st_ino;
}

static bool holds(const char *path, const uint8_t key[static EC_KEY_SIZE])
{
	struct ec_secret secret;
	char why[FILE_PATH_MAX];
	bool found = ec_key_read(path, &secret, why, sizeof why) &&
	             memcmp(secret.key, key, EC_KEY_SIZE) == 0;
	ec_secret_erase(&secret);
	return found;
}

bool ec_key_keep(const char *path, const char *next, const uint8_t key[static EC_KEY_SIZE],
                 char *why, size_t why_size)
{
	bool next_holds = holds(next, key);
	if (holds(path, key)) {
		if (next_holds && files_same(path, next))
			return name_remove(next) ||
			       refuse(next, "this second name cannot be removed", why, why_size);
		return (!next_holds || ec_key_destroy(next, why, why_size)) &&
		       ec_key_finish(path, why, why_size);
	}
	if (next_holds)
		return ec_key_move(next, path, why, why_size);
	snprintf(why, why_size,
	         "neither %s nor %s holds the era key in force, %02x%02x%02x%02x...: put its file "
	         "back, or this node has no vote when it starts again",
	         path, next, key[0], key[1], key[2], key[3]);
	return false;
}

void ec_keys_guard(void)
{
	const struct rlimit none = {0};
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
