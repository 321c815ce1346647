#include "proto/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "proto/inherited.h"
#include "proto/runtime_dir.h"

tl_fault
tl_interrupt_open(tl_interrupt *self, tl_error *err)
{
    sigset_t set;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGINT);
    (void) sigaddset(&set, SIGTERM);
    *self = (tl_interrupt){-1, tl_inherited_fd(TL_LIFELINE), tl_runtime_dir_inherited()};
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) == 0)
        self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (self->signals == -1)
        return tl_fail_errno(err, TL_CANNOT_START, "cannot read signals");
    /* A peer that goes away is an error value of the call that meets it. */
    (void) signal(SIGPIPE, SIG_IGN);
    return TL_OK;
}

void
tl_interrupt_close(tl_interrupt *self)
{
    if (self->signals != -1)
        (void) close(self->signals);
    if (self->lifeline != -1)
        (void) close(self->lifeline);
    tl_runtime_dir_leave(&self->folder);
    *self = (tl_interrupt){-1, -1, -1};
}

int
tl_interrupt_next(tl_interrupt *self)
{
    struct signalfd_siginfo caught;
    struct pollfd rope = {.fd = self->lifeline, .events = POLLIN};

    if (read(self->signals, &caught, sizeof caught) == (ssize_t) sizeof caught)
        return (int) caught.ssi_signo;
    /* Nobody writes to the lifeline: readable means that its other end is closed. */
    if (self->lifeline == -1 || poll(&rope, 1, 0) <= 0)
        return 0;
    (void) close(self->lifeline);
    self->lifeline = -1;
    return SIGHUP;
}
