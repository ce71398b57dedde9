/*
 * A disk between a program and its files, for LD_PRELOAD: it writes down what reaches the files whose names begin with
 * DISK_PREFIX (DISK_LOG), and refuses calls when told to. The program speaks to it by files that do not exist:
 *   PREFIX-acks     its words go into the log as they are, in order with the disk's calls
 *   PREFIX-control  "fail N ERRNO STAYS SYNCS": the N-th call from now (0 = the next) fails with ERRNO; STAYS 1: all from
 *                   then on; SYNCS 1: only fsync and fdatasync count. An ERRNO below 0 kills the program instead.  "clear".
 *   PREFIX-calls    read: how many calls were counted since "fail"
 * A record of the log: operation, file, length of data, offset (four little-endian words of 1, 3, 4 and 8 bytes), data.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, SYNC, TRUNCATE, UNLINK, RENAME, DIRSYNC, ACK, SYNC_FAILED };
enum { MAX_FDS = 4096, MAX_FILES = 65536, NONE = 0, DIRECTORY = -1, ACKS = -2, CONTROL = -3 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char prefix[4096], folder[4096];
static int log_fd = -1;
static int of_fd[MAX_FDS]; /* file number from 1, or one of the words above */
static char *name_of[MAX_FILES];
static int files = 1;
static long fail_at = -1, calls = 0;
static int fail_errno, fail_stays, fail_syncs;

__attribute__((constructor)) static void begin(void) {
  const char *p = getenv("DISK_PREFIX"), *l = getenv("DISK_LOG");
  if (p == NULL) return;
  snprintf(prefix, sizeof prefix, "%s", p);
  snprintf(folder, sizeof folder, "%s", p);
  char *slash = strrchr(folder, '/');
  if (slash != NULL) *slash = 0;
  if (l != NULL) log_fd = (int)syscall(SYS_openat, AT_FDCWD, l, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  unsetenv("LD_PRELOAD"); /* its children have disks of their own */
}

static void put(const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    ssize_t done = syscall(SYS_write, log_fd, at, length);
    if (done <= 0) abort(); /* a log with holes would prove nothing */
    at += done;
    length -= (size_t)done;
  }
}

static void record(int op, int file, uint64_t offset, const void *data, size_t length) {
  if (log_fd < 0) return;
  unsigned char head[16];
  uint32_t size = (uint32_t)length;
  head[0] = (unsigned char)op;
  head[1] = file & 255, head[2] = (file >> 8) & 255, head[3] = (file >> 16) & 255;
  memcpy(head + 4, &size, 4);
  memcpy(head + 8, &offset, 8);
  put(head, sizeof head);
  if (length > 0) put(data, length);
}

static int watched(const char *path) { return prefix[0] != 0 && path != NULL && strncmp(path, prefix, strlen(prefix)) == 0; }
static int shared_memory(const char *path) {
  size_t n = strlen(path);
  return n > 4 && strcmp(path + n - 4, "-shm") == 0;
}
static int kind(int fd) { return fd >= 0 && fd < MAX_FDS ? of_fd[fd] : NONE; }

static int number(const char *path) {
  for (int i = files - 1; i > 0; i--)
    if (name_of[i] != NULL && strcmp(name_of[i], path) == 0) return i;
  return 0;
}

/* Whether this call is the one that fails; errno is set then. Called with the lock held. */
static int refuses(int syncs) {
  if (fail_syncs && !syncs) return 0;
  long at = calls++;
  if (fail_at < 0 || at < fail_at || (at > fail_at && !fail_stays)) return 0;
  if (fail_errno < 0) kill(getpid(), SIGKILL);
  errno = fail_errno;
  return 1;
}

static void command(const char *text, size_t length) {
  char line[128] = {0};
  memcpy(line, text, length < 127 ? length : 127);
  long at;
  int error, stays, syncs;
  if (sscanf(line, "fail %ld %d %d %d", &at, &error, &stays, &syncs) == 4)
    fail_at = at, fail_errno = error, fail_stays = stays, fail_syncs = syncs, calls = 0;
  else if (strncmp(line, "clear", 5) == 0)
    fail_at = -1;
}

static int open_file(const char *path, int flags, mode_t mode) {
  if (prefix[0] == 0) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  pthread_mutex_lock(&lock);
  int what = NONE, fd = -1, saved = 0;
  char acks[4200], control[4200], counted[4200];
  snprintf(acks, sizeof acks, "%s-acks", prefix);
  snprintf(control, sizeof control, "%s-control", prefix);
  snprintf(counted, sizeof counted, "%s-calls", prefix);
  if (strcmp(path, counted) == 0) {
    char text[32];
    int length = snprintf(text, sizeof text, "%ld", calls);
    fd = (int)syscall(SYS_memfd_create, "calls", 0);
    if (fd >= 0 && syscall(SYS_pwrite64, fd, text, length, 0L) != length) abort();
  } else if (strcmp(path, acks) == 0 || strcmp(path, control) == 0) {
    what = strcmp(path, acks) == 0 ? ACKS : CONTROL;
    fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC, 0);
  } else if (watched(path)) {
    struct stat held;
    int creates = (flags & O_CREAT) != 0 && stat(path, &held) != 0;
    if (creates && refuses(0)) saved = errno;
    else {
      fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
      saved = errno;
    }
    if (fd >= 0) {
      what = creates ? 0 : number(path);
      if (what == 0) {
        if (files == MAX_FILES) abort();
        what = files++;
        name_of[what] = strdup(path);
        if (!shared_memory(path)) record(CREATE, what, 0, strrchr(path, '/') + 1, strlen(strrchr(path, '/') + 1));
      }
      if ((flags & O_TRUNC) != 0 && !creates) record(TRUNCATE, what, 0, NULL, 0);
    }
  } else {
    fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    saved = errno;
    if (fd >= 0 && strcmp(path, folder) == 0) what = DIRECTORY;
  }
  if (fd >= 0 && fd < MAX_FDS) of_fd[fd] = what;
  else if (fd >= MAX_FDS && what != NONE) abort();
  pthread_mutex_unlock(&lock);
  if (fd < 0) errno = saved;
  return fd;
}

#define OPEN(name)                                                \
  int name(const char *path, int flags, ...) {                    \
    mode_t mode = 0;                                              \
    if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {                 \
      va_list more;                                               \
      va_start(more, flags);                                      \
      mode = va_arg(more, mode_t);                                \
      va_end(more);                                               \
    }                                                             \
    return open_file(path, flags, mode);                          \
  }
OPEN(open)
OPEN(open64)

int openat(int at, const char *path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {
    va_list more;
    va_start(more, flags);
    mode = va_arg(more, mode_t);
    va_end(more);
  }
  if (at == AT_FDCWD || path[0] == '/') return open_file(path, flags, mode);
  int fd = (int)syscall(SYS_openat, at, path, flags, mode);
  if (fd >= 0 && fd < MAX_FDS) of_fd[fd] = NONE;
  return fd;
}

int close(int fd) {
  pthread_mutex_lock(&lock);
  if (fd >= 0 && fd < MAX_FDS) of_fd[fd] = NONE;
  pthread_mutex_unlock(&lock);
  return (int)syscall(SYS_close, fd);
}

/* Half of a refused write arrives, as on a disk that fills up. */
static ssize_t written(int fd, int what, const void *bytes, size_t length, off_t offset, int at_end) {
  pthread_mutex_lock(&lock);
  if (at_end) offset = lseek(fd, 0, SEEK_CUR);
  int error = refuses(0) ? errno : 0;
  size_t size = error == 0 ? length : length / 2;
  ssize_t done = size == 0 ? 0 : syscall(SYS_pwrite64, fd, bytes, size, offset);
  if (done > 0 && !shared_memory(name_of[what])) record(WRITE, what, (uint64_t)offset, bytes, (size_t)done);
  if (at_end && done > 0) lseek(fd, offset + done, SEEK_SET);
  pthread_mutex_unlock(&lock);
  if (error == 0) return done;
  errno = error;
  return -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  int what = kind(fd);
  if (what > 0) return written(fd, what, bytes, length, offset, 0);
  return syscall(SYS_pwrite64, fd, bytes, length, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

ssize_t write(int fd, const void *bytes, size_t length) {
  int what = kind(fd);
  if (what > 0) return written(fd, what, bytes, length, 0, 1);
  if (what != ACKS && what != CONTROL) return syscall(SYS_write, fd, bytes, length);
  pthread_mutex_lock(&lock);
  if (what == ACKS) record(ACK, 0, 0, bytes, length);
  else command(bytes, length);
  pthread_mutex_unlock(&lock);
  return (ssize_t)length;
}

static int synced(int fd, long call) {
  int what = kind(fd);
  if (what == NONE) return (int)syscall(call, fd);
  pthread_mutex_lock(&lock);
  int refused = what != ACKS && what != CONTROL && refuses(1), error = errno;
  if (what == DIRECTORY && !refused) record(DIRSYNC, 0, 0, NULL, 0);
  if (what > 0 && !shared_memory(name_of[what])) record(refused ? SYNC_FAILED : SYNC, what, 0, NULL, 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return refused ? -1 : 0; /* what a real flush would take is of no interest here */
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

int ftruncate64(int fd, off64_t length) {
  int what = kind(fd);
  if (what <= 0) return (int)syscall(SYS_ftruncate, fd, length);
  pthread_mutex_lock(&lock);
  int refused = refuses(0), error = errno;
  int done = refused ? -1 : (int)syscall(SYS_ftruncate, fd, length);
  if (done == 0 && !shared_memory(name_of[what])) record(TRUNCATE, what, (uint64_t)length, NULL, 0);
  pthread_mutex_unlock(&lock);
  if (refused) errno = error;
  return done;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

int unlink(const char *path) {
  if (!watched(path)) return (int)syscall(SYS_unlink, path);
  pthread_mutex_lock(&lock);
  int done = (int)syscall(SYS_unlink, path), file = number(path);
  if (done == 0 && file > 0) {
    if (!shared_memory(path)) record(UNLINK, file, 0, NULL, 0);
    free(name_of[file]);
    name_of[file] = strdup(""); /* open descriptors may still write to it */
  }
  pthread_mutex_unlock(&lock);
  return done;
}

int rename(const char *from, const char *to) {
  if (watched(from) || watched(to)) {
    pthread_mutex_lock(&lock);
    int file = number(from);
    if (file > 0) {
      free(name_of[file]);
      name_of[file] = strdup(to);
    }
    record(RENAME, file, 0, strrchr(to, '/') + 1, strlen(strrchr(to, '/') + 1));
    pthread_mutex_unlock(&lock);
  }
  return (int)syscall(SYS_rename, from, to);
}
