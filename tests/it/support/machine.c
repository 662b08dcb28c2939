/* A machine that does not do its part: laid over a process with LD_PRELOAD, so that its system calls fail as those of a real one would.
 *
 * STORYD_TEST_ROOM         a folder that is a disk of its own
 * STORYD_TEST_ROOM_FILE    eight bytes: how many the files of that folder may have together; less than zero: as many as they like
 * STORYD_TEST_CLOCK_FILE   eight bytes: how many seconds the wall clock is ahead of the real one. The steady clock is nobody's to set
 * STORYD_TEST_AHEAD        seconds that the wall clock is ahead besides, from the start to the end
 * STORYD_TEST_STANDS_AT    the wall clock stands still at this second of Unix time, whatever else is asked for
 * STORYD_TEST_HOLD_FILE    eight bytes: unless they are zero, whoever opens a file of that name is held up
 * STORYD_TEST_HOLD_NAME    the name
 * STORYD_TEST_HOLD_MARK    the file that comes to be as soon as somebody is held up
 * STORYD_TEST_KILL_AT      the sync, counted from 1, before which the process is killed
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const char *disk;
static int64_t plenty = -1, none = 0;
static volatile int64_t *room = &plenty, *ahead = &none, *hold = &none;
static const char *held, *mark;
static long kill_at, syncs;
static int64_t always_ahead, stands_at = -1;

static volatile int64_t *shared(const char *name, volatile int64_t *otherwise) {
    const char *path = getenv(name);
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return otherwise;
    void *page = mmap(NULL, sizeof *room, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    return page == MAP_FAILED ? otherwise : page;
}

__attribute__((constructor)) static void begin(void) {
    disk = getenv("STORYD_TEST_ROOM");
    room = shared("STORYD_TEST_ROOM_FILE", room);
    ahead = shared("STORYD_TEST_CLOCK_FILE", ahead);
    hold = shared("STORYD_TEST_HOLD_FILE", hold);
    held = getenv("STORYD_TEST_HOLD_NAME");
    mark = getenv("STORYD_TEST_HOLD_MARK");
    const char *text = getenv("STORYD_TEST_KILL_AT");
    kill_at = text ? atol(text) : 0;
    text = getenv("STORYD_TEST_AHEAD");
    always_ahead = text ? atoll(text) : 0;
    text = getenv("STORYD_TEST_STANDS_AT");
    stands_at = text ? atoll(text) : -1;
}

/* What the files of the disk have together. */
static int64_t taken(void) {
    int64_t sum = 0;
    DIR *folder = opendir(disk);
    if (folder == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        struct stat found;
        if (fstatat(dirfd(folder), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(found.st_mode)) sum += found.st_size;
    }
    closedir(folder);
    return sum;
}

/* Whether a file may come to have so many bytes. */
static int fits(int file, int64_t length) {
    char link[64], path[4096];
    struct stat found;
    if (disk == NULL || *room < 0) return 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t got = readlink(link, path, sizeof path - 1);
    if (got < 0 || strncmp(path, disk, strlen(disk)) != 0 || fstat(file, &found) != 0 || !S_ISREG(found.st_mode)) return 1;
    return length <= found.st_size || taken() + (length - found.st_size) <= *room;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define NO_ROOM (errno = ENOSPC, -1)

ssize_t write(int file, const void *bytes, size_t count) {
    off_t at = disk != NULL && *room >= 0 ? lseek(file, 0, SEEK_CUR) : -1;
    return at < 0 || fits(file, at + count) ? REAL(write)(file, bytes, count) : NO_ROOM;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    return fits(file, at + count) ? REAL(pwrite)(file, bytes, count, at) : NO_ROOM;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    return fits(file, at + count) ? REAL(pwrite64)(file, bytes, count, at) : NO_ROOM;
}

int ftruncate(int file, off_t length) {
    return fits(file, length) ? REAL(ftruncate)(file, length) : NO_ROOM;
}

int ftruncate64(int file, off64_t length) {
    return fits(file, length) ? REAL(ftruncate64)(file, length) : NO_ROOM;
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    const char *slash = strrchr(path, '/');
    if (held != NULL && *hold != 0 && strcmp(slash ? slash + 1 : path, held) == 0) {
        close(REAL(open64)(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        while (*hold != 0) usleep(1000);
    }
    return REAL(open64)(path, flags, mode);
}

static void may_die(void) {
    if (kill_at > 0 && __atomic_add_fetch(&syncs, 1, __ATOMIC_SEQ_CST) == kill_at) raise(SIGKILL);
}

int fsync(int file) {
    may_die();
    return REAL(fsync)(file);
}

int fdatasync(int file) {
    may_die();
    return REAL(fdatasync)(file);
}

static time_t wall(time_t second) {
    return stands_at < 0 ? second + *ahead + always_ahead : stands_at;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int done = REAL(clock_gettime)(clock, time);
    if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        time->tv_sec = wall(time->tv_sec);
        if (stands_at >= 0) time->tv_nsec = 0;
    }
    return done;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    int done = REAL(gettimeofday)(time, zone);
    if (done == 0) {
        time->tv_sec = wall(time->tv_sec);
        if (stands_at >= 0) time->tv_usec = 0;
    }
    return done;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at != NULL) *at = now.tv_sec;
    return now.tv_sec;
}
