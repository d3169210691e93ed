//! Streams: what is asked for page by page, and what is left of a stream that ends.

mod callback;
mod ending;
mod forged;

mod options;
mod pages;
mod states;
mod turns;
