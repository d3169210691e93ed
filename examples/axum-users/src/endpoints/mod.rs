//! The endpoints, a module per group, and the router with its description.

mod bulk;
mod cached;
mod home;
mod items;
mod live;
mod load;
mod monitoring;
mod nested;
mod per_user;
mod products;
mod router;
mod safety;
mod slow;
mod user_advanced;
mod user_streams;
mod users;

pub(crate) use router::router;
