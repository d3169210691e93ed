//! The application as its clients see it, on a real node (WEB-15: on a scripted one).
//!
//! Bounds that a busy machine can break are asserted with `FULL=1` alone; otherwise 50 times as much is allowed, and the figure is printed.

mod bad_input;
mod child;
mod client;
mod clients;
mod consistency;
mod deaf;
mod description;
mod down;
mod figures;
mod guard;
mod later;
mod live;
mod many;
mod memory;
mod slow;
mod support;
mod users;
