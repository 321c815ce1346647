#include "tests/support/fake_helper.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/shrink/wire.h"

static wire_answer
good_answer(const wire_request *request)
{
    return (wire_answer){
        .mark = WIRE_MARK,
        .kind = PICTURE_PNG,
        .thumb_kind = PICTURE_PNG,
        .size = {100, 100},
        .thumb_size = request->box,
        .thumb_bytes = 5,
    };
}

/* An answer that carries a number, in the way that errors travel. */
static wire_answer
number_answer(const wire_request *request, int number)
{
    wire_answer answer = good_answer(request);

    answer.fault = TL_DECODE_FAILED;
    answer.thumb_bytes = 0;
    (void) snprintf(answer.detail, sizeof answer.detail, "%d", number);
    return answer;
}

static int
descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = -3; /* ".", ".." and the one that lists them */

    while (folder && readdir(folder))
        count++;
    return count;
}

/* Signals blocked besides the three that are meant to be. */
static int
blocked_signals(void)
{
    sigset_t set;
    int count = 0;

    (void) sigprocmask(SIG_SETMASK, NULL, &set);
    for (int number = 1; number < NSIG; number++)
        count += sigismember(&set, number) == 1;
    return count;
}

static int
variables(void)
{
    int count = 0;

    while (environ && environ[count])
        count++;
    return count;
}

static wire_answer
misbehave(const wire_request *request, unsigned served)
{
    wire_answer answer = good_answer(request);

    switch ((behaviour) request->box.width) {
    case CRASH:
        abort();
    case CRASH_UNLESS_FRESH:
        if (served > 0)
            abort();
        break;
    case HANG:
        for (;;)
            (void) pause();
    case RUN_OUT_OF_MEMORY:
        _exit(WIRE_EXIT_MEMORY);
    case REPORT_A_FAULT:
        answer = number_answer(request, 42);
        break;
    case ANSWER_FOR_ANOTHER_BOX:
        answer.thumb_size.height++;
        break;
    case CLAIM_A_HUGE_THUMBNAIL:
        answer.thumb_bytes = UINT64_MAX;
        break;
    case INVENT_A_FAULT:
        answer.fault = 99;
        break;
    case FAULT_THAT_IS_NOT_A_PICTURES:
        answer.fault = TL_TIMEOUT;
        answer.thumb_bytes = 0;
        break;
    case INVENT_A_KIND:
        answer.kind = 1000;
        break;
    case FORGET_THE_NUL:
        memset(answer.detail, 'x', sizeof answer.detail);
        break;
    case SEND_TERMINAL_CODES:
        memcpy(answer.detail, "\033[2J", 4);
        break;
    case COUNT_DESCRIPTORS:
        return number_answer(request, descriptors());
    case COUNT_SIGNALS:
        return number_answer(request, blocked_signals());
    case COUNT_VARIABLES:
        return number_answer(request, variables());
    case WRITE_TO_THE_AREA:
        return number_answer(request, mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, WIRE_AREA,
                                           0) == MAP_FAILED);
    case CUT_THE_AREA_OFF:
        /* Its descriptor is read-only, but the file may be opened again. */
        return number_answer(request, ftruncate(open("/proc/self/fd/4", O_RDWR), 0));
    case WORK:
    case STOP_HALFWAY:
    case ANSWER_TWICE:
        break;
    }
    return answer;
}

int
fake_helper(void)
{
    wire_ready ready = {WIRE_MARK, WIRE_VERSION};
    wire_request request;
    unsigned served = 0;

    (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0,
                 0); /* a test that fails leaves nothing */
    (void) send(WIRE_LINK, &ready, sizeof ready, 0);
    while (recv(WIRE_LINK, &request, sizeof request, MSG_WAITALL) == sizeof request) {
        wire_answer answer = misbehave(&request, served++);
        size_t size = sizeof answer;

        if (request.box.width == STOP_HALFWAY)
            size /= 2;
        (void) send(WIRE_LINK, &answer, size, 0);
        if (request.box.width == STOP_HALFWAY)
            return EXIT_SUCCESS;
        (void) send(WIRE_LINK, "thumb", answer.thumb_bytes < 6 ? answer.thumb_bytes : 5,
                    0);
        if (request.box.width == ANSWER_TWICE)
            (void) send(WIRE_LINK, &answer, size, 0);
    }
    return EXIT_SUCCESS;
}
