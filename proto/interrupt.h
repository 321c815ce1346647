/* interrupt — being asked to stop: signals, and the launcher's lifeline.
 *
 * Why it exists: a signal is an event like any other, to be handled between two turns of
 * the loop and nowhere else. So SIGINT and SIGTERM are read from a descriptor. A process
 * that `thumbline run` started also holds the end of a pipe: when that closes, the
 * launcher is dead, however it died, and the run has to end. The last to leave then
 * removes the folder of their sockets. */
#ifndef TL_INTERRUPT_H
#define TL_INTERRUPT_H

#include "proto/fault.h"

typedef struct {
    int signals;  /* signalfd */
    int lifeline; /* -1 if there is none */
    int folder;   /* see runtime_dir.h; -1 if there is none */
} tl_interrupt;

/* The environment variable that holds the lifeline's descriptor. */
#define TL_LIFELINE "THUMBLINE_LIFELINE_FD"

/* Block SIGINT, SIGTERM and SIGPIPE and read them here; before any thread is started. */
tl_fault tl_interrupt_open(tl_interrupt *self, tl_error *err);

/* As the last thing a program does: it lets go of the launcher's folder too. A struct
 * that was not opened is {-1, -1, -1}. */
void tl_interrupt_close(tl_interrupt *self);

/* SIGINT, SIGTERM, SIGHUP for a lifeline that was cut, or 0 when there is nothing. */
int tl_interrupt_next(tl_interrupt *self);

#endif
