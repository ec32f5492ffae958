/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - time that never goes back. */
#ifndef MN_BASE_CLOCK_H
#define MN_BASE_CLOCK_H

double mn_clock_ms(void); /* monotonic, from an arbitrary start */

#endif
