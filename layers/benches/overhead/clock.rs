//! A clock that goes on by a microsecond at each reading, in place of the machine's.
//!
//! Callgrind is slow, and the machine may do something else in the middle of a request. By the real clock such a request would make its
//! node pass for a slow one, and the choices after it would cost more: the counts would depend on the load of the machine.
//!
//! The standard library of this program is linked to this function instead of the one of the C library. It takes about as many
//! instructions.

use std::ffi::{c_int, c_long};
use std::sync::atomic::{AtomicI64, Ordering};

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: c_long,
}

/// A second of this clock has 2^29 nanoseconds: shifting takes as few instructions as the function of the C library, dividing would not.
const SECOND: u32 = 29;
const MICROSECOND: i64 = 1_000;

/// Every clock of the program shows the same.
#[inline(never)]
#[unsafe(no_mangle)]
extern "C" fn clock_gettime(_: c_int, time: *mut Timespec) -> c_int {
    // Not at 0, so that there is something before.
    static NOW: AtomicI64 = AtomicI64::new(3_600 << SECOND);
    let now = NOW.fetch_add(MICROSECOND, Ordering::Relaxed);
    // SAFETY: callers of the C function of this name give a place for the time.
    unsafe {
        time.write(Timespec {
            seconds: now >> SECOND,
            nanoseconds: now & ((1 << SECOND) - 1),
        });
    }
    0
}
