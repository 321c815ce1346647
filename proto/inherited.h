/* inherited — a descriptor that our parent left open, named by the environment.
 *
 * Why it exists: the launcher hands its children a lifeline and a folder this way. The
 * environment is anybody's, so the number is checked before it is believed. */
#ifndef TL_INHERITED_H
#define TL_INHERITED_H

/* The descriptor whose number stands in `variable`, which our own children will not
 * get; -1 if there is none. */
int tl_inherited_fd(const char *variable);

#endif
