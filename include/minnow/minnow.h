/* SPDX-License-Identifier: Apache-2.0 */
/* minnow.h - everything: small language models, made smaller and run on the device. */
#ifndef MINNOW_MINNOW_H
#define MINNOW_MINNOW_H

#include <minnow/engine.h>
#include <minnow/model.h>
#include <minnow/options.h>
#include <minnow/session.h>
#include <minnow/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0" */
MN_API const char *mn_version(void);

#ifdef __cplusplus
}
#endif
#endif
