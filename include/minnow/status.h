/* SPDX-License-Identifier: Apache-2.0 */
/* status.h - how every call of minnow reports success or failure.
 *
 * A function that can fail returns mn_status (0 is success) and takes a
 * `mn_error *error` last, which may be NULL. The place that notices a failure
 * writes the message, once, for the person who reads it. */
#ifndef MINNOW_STATUS_H
#define MINNOW_STATUS_H

#if defined(_WIN32)
#define MN_API __declspec(dllexport)
#else
#define MN_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mn_status {
    MN_OK = 0,
    MN_FAILED = 1,    /* anything without a kind of its own */
    MN_USAGE = 2,     /* the caller asked for something that makes no sense */
    MN_NO_FIT = 3,    /* does not fit this device or the limit given */
    MN_GATE = 4,      /* a quality gate was missed */
    MN_NETWORK = 5,   /* a download failed */
    MN_BAD_FILE = 6,  /* a file or text is damaged, hostile or not supported */
    MN_NO_MEMORY = 7, /* the system gave no memory */
    MN_IO = 8,        /* reading or writing failed */
    MN_CANCELLED = 9, /* stopped by the caller */
} mn_status;

/* The caller owns it; no initialisation is needed before a call. */
typedef struct mn_error {
    mn_status status;
    char message[1000]; /* one line of UTF-8, no newline */
} mn_error;

/* The process exit code that stands for a status: 0 1 2 3 4 5 6, 130 for MN_CANCELLED. */
MN_API int mn_status_exit_code(mn_status status);

/* A short fixed name, such as "bad file". Never NULL. */
MN_API const char *mn_status_name(mn_status status);

#ifdef __cplusplus
}
#endif
#endif
