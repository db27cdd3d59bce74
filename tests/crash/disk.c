/* A disk that can be full, read-only or broken, and of which it is known what is really on it.
 *
 * Preloaded into the bot's process. It watches files whose path begins with $DISK_FILES. After each
 * successful sync the file as it is then is copied into the folder $DISK_SYNCED: what stands there
 * is what a machine has after its power failed, if its disk lost everything that was not synced.
 * A file named full, readonly or broken in $DISK_SYNCED makes writes fail with ENOSPC, EROFS, EIO.
 * A file's removal counts as not on the disk until another file of its name is synced. The least
 * length that a file was cut to since its last sync stands beside its copy, as NAME.cut; 0 when it
 * was removed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int is_watched(const char *path) {
    const char *files = getenv("DISK_FILES");
    size_t length = strlen(path);
    if (files == NULL || strncmp(path, files, strlen(files)) != 0) return 0;
    return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

static int path_of(int fd, char *path) {
    char link[64];
    ssize_t length;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_watched(path);
}

static int trouble(void) {
    static const struct { const char *name; int error; } kinds[] = {
        {"full", ENOSPC}, {"readonly", EROFS}, {"broken", EIO}};
    const char *folder = getenv("DISK_SYNCED");
    char path[PATH_MAX];
    for (size_t n = 0; folder != NULL && n < sizeof kinds / sizeof *kinds; n++) {
        snprintf(path, sizeof path, "%s/%s", folder, kinds[n].name);
        if (access(path, F_OK) == 0) return kinds[n].error;
    }
    return 0;
}

static ssize_t real_write(int fd, const void *bytes, size_t count) {
    static ssize_t (*next)(int, const void *, size_t);
    if (next == NULL) next = dlsym(RTLD_NEXT, "write");
    return next(fd, bytes, count);
}

static int real_open(const char *path, int flags, mode_t mode) {
    static int (*next)(const char *, int, ...);
    if (next == NULL) next = dlsym(RTLD_NEXT, "open64");
    return next(path, flags, mode);
}

static int real_unlink(const char *path) {
    static int (*next)(const char *);
    if (next == NULL) next = dlsym(RTLD_NEXT, "unlink");
    return next(path);
}

static void note_cut(const char *path, long long length) {
    char note[PATH_MAX], digits[32] = "";
    int fd, size;
    snprintf(note, sizeof note, "%s/%s.cut", getenv("DISK_SYNCED"), strrchr(path, '/') + 1);
    fd = real_open(note, O_RDWR | O_CREAT, 0600);
    if (fd < 0) abort();
    if (pread(fd, digits, sizeof digits - 1, 0) > 0 && atoll(digits) < length)
        length = atoll(digits);
    size = snprintf(digits, sizeof digits, "%-20lld", length);
    if (real_write(fd, digits, size) != size) abort();
    close(fd);
}

static void keep(int fd, const char *path) {
    char whole[PATH_MAX], part[PATH_MAX], note[PATH_MAX], buffer[1 << 16];
    const char *folder = getenv("DISK_SYNCED"), *name = strrchr(path, '/') + 1;
    off_t at = 0;
    ssize_t got;
    int copy;
    snprintf(whole, sizeof whole, "%s/%s", folder, name);
    snprintf(part, sizeof part, "%s.part", whole);
    snprintf(note, sizeof note, "%s.cut", whole);
    copy = real_open(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (copy < 0) abort();
    while ((got = pread(fd, buffer, sizeof buffer, at)) > 0) {
        if (real_write(copy, buffer, got) != got) abort();
        at += got;
    }
    close(copy);
    if (rename(part, whole) != 0) abort();
    real_unlink(note);
}

static int synced(int fd, int result) {
    char path[PATH_MAX];
    int error = errno;
    if (result == 0 && path_of(fd, path)) keep(fd, path);
    errno = error;
    return result;
}

#define FAILS(fd) do { char path_[PATH_MAX]; int error_ = trouble(); \
    if (error_ && path_of(fd, path_)) { errno = error_; return -1; } } while (0)

int fdatasync(int fd) {
    static int (*next)(int);
    if (next == NULL) next = dlsym(RTLD_NEXT, "fdatasync");
    FAILS(fd);
    return synced(fd, next(fd));
}

int fsync(int fd) {
    static int (*next)(int);
    if (next == NULL) next = dlsym(RTLD_NEXT, "fsync");
    FAILS(fd);
    return synced(fd, next(fd));
}

ssize_t write(int fd, const void *bytes, size_t count) {
    FAILS(fd);
    return real_write(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    static ssize_t (*next)(int, const void *, size_t, off64_t);
    if (next == NULL) next = dlsym(RTLD_NEXT, "pwrite64");
    FAILS(fd);
    return next(fd, bytes, count, at);
}

int ftruncate64(int fd, off64_t length) {
    static int (*next)(int, off64_t);
    char path[PATH_MAX];
    int result;
    if (next == NULL) next = dlsym(RTLD_NEXT, "ftruncate64");
    result = next(fd, length);
    if (result == 0 && path_of(fd, path)) note_cut(path, length);
    return result;
}

int ftruncate(int fd, off_t length) {
    return ftruncate64(fd, length);
}

int unlink(const char *path) {
    int result = real_unlink(path);
    if (result == 0 && is_watched(path)) note_cut(path, 0);
    return result;
}

int open64(const char *path, int flags, ...) {
    va_list more;
    mode_t mode;
    va_start(more, flags);
    mode = va_arg(more, mode_t);
    va_end(more);
    if (is_watched(path) && trouble() == EROFS && (flags & O_ACCMODE) != O_RDONLY) {
        errno = EROFS;
        return -1;
    }
    return real_open(path, flags, mode);
}
