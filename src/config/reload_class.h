/* SPDX-License-Identifier: Apache-2.0 */
/* What a reload does with a changed option.
 *
 * Constants; any thread; no memory. */
#ifndef MIDGE_CONFIG_RELOAD_CLASS_H
#define MIDGE_CONFIG_RELOAD_CLASS_H

enum reload_class {
    RELOAD_YES,                         /* applied to the running server */
    RELOAD_NO,                          /* the whole reload is refused */
    RELOAD_IGNORED,                     /* accepted, without effect until a restart */
    RELOAD_PARTS,                       /* the keys of the block decide, each for itself */
};

#endif
