//! What deployments need, on a real node that wants a login and speaks TLS.

mod certificates;
mod compression;
mod frozen;
mod login;
mod support;
mod tls;
