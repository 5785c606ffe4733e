/* store_file.c - the file of an LMDB environment, and the one of its locks. */
#include "node/store_file.h"

#include "node/file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void store_locks_forget(const char *folder)
{
	char path[FILE_PATH_MAX];
	if (file_path(path, folder, "lock.mdb"))
		unlink(path);
}

int store_file_begin(const char *folder, size_t map_bytes)
{
	char path[FILE_PATH_MAX], beside[FILE_PATH_MAX];
	MDB_env *env = NULL;
	if (!file_path(path, folder, "data.mdb") || !file_path(beside, folder, "new.mdb"))
		return errno;
	if (access(path, F_OK) == 0)
		return 0;
	unlink(beside);
	int code = mdb_env_create(&env);
	if (!code)
		code = mdb_env_set_mapsize(env, map_bytes);
	if (!code)
		code = mdb_env_open(env, beside, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
	if (!code)
		code = mdb_env_sync(env, 1);
	if (env)
		mdb_env_close(env);
	if (!code && rename(beside, path) != 0)
		code = errno;
	return code;
}

int store_file_fill(MDB_env *env)
{
	mdb_filehandle_t file;
	MDB_envinfo info;
	MDB_stat pages;
	struct stat have;
	mdb_env_info(env, &info);
	mdb_env_stat(env, &pages);
	off_t size = (off_t)((info.me_last_pgno + 1) * pages.ms_psize);
	int code = mdb_env_get_fd(env, &file);
	if (code)
		return code;
	if (fstat(file, &have) != 0 || (have.st_size < size && ftruncate(file, size) != 0))
		return errno;
	return 0;
}

int store_file_open(const char *folder, size_t map_bytes, MDB_env **env)
{
	int code = mdb_env_create(env);
	if (code)
		return code;
	mdb_env_set_maxdbs(*env, 2);
	mdb_env_set_mapsize(*env, map_bytes);
	code = mdb_env_open(*env, folder, MDB_NOTLS, 0600);
	if (!code)
		return 0;
	mdb_env_close(*env);
	*env = NULL;
	return code;
}
