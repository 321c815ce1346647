/* fake_helper — a thumbline-shrink that misbehaves on request.
 *
 * Why it exists: the pool must outlive helpers that crash, hang and lie. A test program
 * that is started with --serve becomes one. */
#ifndef SUPPORT_FAKE_HELPER_H
#define SUPPORT_FAKE_HELPER_H

/* What to do, said by the width of the box. */
typedef enum {
    WORK = 1,
    CRASH,
    CRASH_UNLESS_FRESH,
    HANG,
    RUN_OUT_OF_MEMORY,
    REPORT_A_FAULT,
    ANSWER_FOR_ANOTHER_BOX,
    CLAIM_A_HUGE_THUMBNAIL,
    INVENT_A_FAULT,
    FAULT_THAT_IS_NOT_A_PICTURES,
    INVENT_A_KIND,
    FORGET_THE_NUL,
    SEND_TERMINAL_CODES,
    STOP_HALFWAY,
    ANSWER_TWICE,
    COUNT_DESCRIPTORS,
    COUNT_SIGNALS,
    COUNT_VARIABLES,
    WRITE_TO_THE_AREA,
    CUT_THE_AREA_OFF,
} behaviour;

/* Serve until the worker closes the link; the exit status. */
int fake_helper(void);

#endif
