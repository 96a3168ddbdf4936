/*
 * Preloaded into a process (LD_PRELOAD), makes it stumble at the n-th change that it makes to the files of app.db.
 *   FAULT_AT=n
 *   FAULT=kill       it is killed before that change
 *   FAULT=torn       it is killed when half of the bytes are written
 *   FAULT=EIO        that change fails, once; ENOSPC likewise
 *   FAULT=EIO+       that change fails, and all that follow; ENOSPC+ likewise
 *   FAULT_LOG=path   it says there at which changes something was decided (a commit, a removal, a new name), a line
 *                    each, and in the end how many changes there were
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long changes = 0;

static int is_ours(const char *path) { return strstr(path, "/app.db") != NULL; }

static int is_our_file(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_ours(path);
}

static void note(long change) {
  const char *log = getenv("FAULT_LOG");
  FILE *file = log == NULL ? NULL : fopen(log, "a");
  if (file == NULL) return;
  fprintf(file, "%ld\n", change);
  fclose(file);
}

/* The header of a frame of a WAL that ends a transaction: it says how large the database is then. */
static int is_commit(const unsigned char *bytes, size_t count) {
  return count == 24 && (bytes[4] | bytes[5] | bytes[6] | bytes[7]) != 0;
}

/* Whether this change is to fail, with errno set. May not return. */
static int stumbles(int fd, const void *bytes, size_t count, off_t offset) {
  const char *at = getenv("FAULT_AT"), *fault = getenv("FAULT");
  changes += 1;
  if (at == NULL || fault == NULL) return 0;
  int goes_on = fault[strlen(fault) - 1] == '+';
  if (goes_on ? changes < atol(at) : changes != atol(at)) return 0;
  if (strncmp(fault, "E", 1) == 0) {
    errno = strncmp(fault, "EIO", 3) == 0 ? EIO : ENOSPC;
    return 1;
  }
  if (strcmp(fault, "torn") == 0 && bytes != NULL) syscall(SYS_pwrite64, fd, bytes, count / 2, offset);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  if (is_our_file(fd) && stumbles(fd, bytes, count, offset)) return -1;
  if (is_commit(bytes, count) && is_our_file(fd)) note(changes);
  return syscall(SYS_pwrite64, fd, bytes, count, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return pwrite64(fd, bytes, count, offset); }

ssize_t write(int fd, const void *bytes, size_t count) {
  if (is_our_file(fd) && stumbles(fd, NULL, 0, 0)) return -1;
  return syscall(SYS_write, fd, bytes, count);
}

int ftruncate64(int fd, off64_t length) {
  if (is_our_file(fd) && stumbles(fd, NULL, 0, 0)) return -1;
  return syscall(SYS_ftruncate, fd, length);
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int fsync(int fd) {
  if (is_our_file(fd) && stumbles(fd, NULL, 0, 0)) return -1;
  return syscall(SYS_fsync, fd);
}
int fdatasync(int fd) {
  if (is_our_file(fd) && stumbles(fd, NULL, 0, 0)) return -1;
  return syscall(SYS_fdatasync, fd);
}

int unlink(const char *path) {
  if (is_ours(path) && stumbles(-1, NULL, 0, 0)) return -1;
  if (is_ours(path)) note(changes);
  return syscall(SYS_unlink, path);
}

int rename(const char *from, const char *to) {
  if (is_ours(to) && stumbles(-1, NULL, 0, 0)) return -1;
  if (is_ours(to)) note(changes);
  return syscall(SYS_rename, from, to);
}

__attribute__((destructor)) static void say(void) { note(changes); }
