/* Preloaded into a job's processes: a disk and a clock that do what a test says, while the job runs.

   A file shared by all processes (CONTROL, given to the compiler, since agents know few variables) holds what the
   disk below a path does, the seconds that are added to the time of day, and that path. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct control {
    int64_t disk; /* 0: as it is, -1: hangs, else: answers with this errno */
    int64_t seconds;
    char below[4096];
};

static volatile struct control *control;
static char below[4096]; /* as it was when the process started */

__attribute__((constructor)) static void begin(void) {
    int file = open(CONTROL, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    void *found = mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, file, 0);
    if (found != MAP_FAILED) {
        control = found;
        strncpy(below, (const char *)control->below, sizeof below - 1);
    }
    close(file);
}

static int disk_fails(int descriptor) {
    if (!control || control->disk == 0)
        return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    if (strncmp(path, below, strlen(below)) != 0)
        return 0;
    struct timespec moment = {0, 20000000};
    while (control->disk < 0)
        nanosleep(&moment, NULL);
    errno = (int)control->disk;
    return control->disk != 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int descriptor) { return disk_fails(descriptor) ? -1 : REAL(fsync)(descriptor); }

int fdatasync(int descriptor) { return disk_fails(descriptor) ? -1 : REAL(fdatasync)(descriptor); }

ssize_t write(int descriptor, const void *data, size_t size) {
    return disk_fails(descriptor) ? -1 : REAL(write)(descriptor, data, size);
}

ssize_t pwrite64(int descriptor, const void *data, size_t size, off64_t at) {
    return disk_fails(descriptor) ? -1 : REAL(pwrite64)(descriptor, data, size, at);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = REAL(clock_gettime);
    int answer = real(clock, now);
    if (answer == 0 && control && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += control->seconds;
    return answer;
}
