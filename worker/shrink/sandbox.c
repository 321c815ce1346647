#include "worker/shrink/sandbox.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum {
    MEMORY_BYTES = 1 << 30, /* 100 megapixels of RGBA are 400 MB */
    FILE_BYTES = 64 << 20,
    DESCRIPTORS = 64,
    CPU_SECONDS = 60,
};

static tl_fault
limit(unsigned what, const char *name, rlim_t most, tl_error *err)
{
    struct rlimit limit;

    if (getrlimit(what, &limit) != 0)
        return tl_fail_errno(err, TL_SYSTEM, "reading the limit of %s", name);
    if (most > limit.rlim_max) /* somebody set a tighter one; it may not be raised */
        most = limit.rlim_max;
    limit.rlim_cur = limit.rlim_max = most;
    if (setrlimit(what, &limit) != 0)
        return tl_fail_errno(err, TL_SYSTEM, "limiting %s", name);
    return TL_OK;
}

tl_fault
sandbox_enter(uint64_t area, tl_error *err)
{
#ifndef TL_SANITIZED /* a sanitizer reserves terabytes of addresses */
    if (limit(RLIMIT_AS, "memory", MEMORY_BYTES + area, err) != TL_OK)
        return err->fault;
#else
    (void) area;
#endif
    if (limit(RLIMIT_CORE, "core files", 0, err) != TL_OK ||
        limit(RLIMIT_FSIZE, "files", FILE_BYTES, err) != TL_OK ||
        limit(RLIMIT_NOFILE, "descriptors", DESCRIPTORS, err) != TL_OK)
        return err->fault;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return tl_fail_errno(err, TL_SYSTEM, "giving up new privileges");
    return TL_OK;
}

tl_fault
sandbox_belong(tl_error *err)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return tl_fail_errno(err, TL_SYSTEM, "asking to die with the worker");
    (void) signal(SIGINT, SIG_IGN); /* cannot fail for signals that exist */
    (void) signal(SIGTERM, SIG_IGN);
    (void) signal(SIGHUP, SIG_IGN);
    (void) signal(SIGPIPE, SIG_IGN);
    return TL_OK;
}

tl_fault
sandbox_allow_cpu(tl_error *err)
{
    struct rusage used;
    struct rlimit limit;

    if (getrusage(RUSAGE_SELF, &used) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0)
        return tl_fail_errno(err, TL_SYSTEM, "reading the CPU used");
    limit.rlim_cur = (rlim_t) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) + CPU_SECONDS;
    if (limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_CPU, &limit) != 0)
        return tl_fail_errno(err, TL_SYSTEM, "limiting CPU");
    return TL_OK;
}
