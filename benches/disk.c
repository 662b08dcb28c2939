/* A disk to count on: laid over a process with LD_PRELOAD, it counts the syncs that the process asks for and may make each of
 * them take longer by a fixed time, for storyd and its peers alike.
 *
 * STORYD_BENCH_SYNC_FILE    a file of eight bytes that holds the count while the process lives and after
 * STORYD_BENCH_SYNC_MICROS  what each sync takes beyond the disk's own time
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static uint64_t nowhere;
static uint64_t *count = &nowhere;
static long micros;

__attribute__((constructor)) static void begin(void) {
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    const char *delay = getenv("STORYD_BENCH_SYNC_MICROS");
    micros = delay ? atol(delay) : 0;
    const char *path = getenv("STORYD_BENCH_SYNC_FILE");
    int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644) : -1;
    if (file < 0) return;
    if (ftruncate(file, sizeof *count) == 0) {
        void *page = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (page != MAP_FAILED) count = page;
    }
    close(file);
}

static void note(void) {
    __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
    if (micros > 0) {
        struct timespec left = {micros / 1000000, (micros % 1000000) * 1000};
        while (nanosleep(&left, &left) != 0) {}
    }
}

int fsync(int file) {
    int done = real_fsync(file);
    note();
    return done;
}

int fdatasync(int file) {
    int done = real_fdatasync(file);
    note();
    return done;
}
