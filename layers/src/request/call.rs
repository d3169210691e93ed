use tokio::time::Instant;

use super::{Context, Deadline, Idempotency, OwnLimit, Priority, Request};

/// A request of any type together with its notes, for services whose requests are of a foreign type.
///
/// ```
/// use tower_cassandra_layers::{Call, Idempotency, Request};
///
/// let call = Call::new("GET /").idempotent(true);
/// assert_eq!(call.idempotency(), Idempotency::Yes);
/// assert_eq!(call.value, "GET /");
/// ```
#[derive(Clone, Debug)]
pub struct Call<T> {
    /// The request itself.
    pub value: T,
    context: Context,
    idempotency: Idempotency,
    weight: u32,
    priority: Priority,
    class: &'static str,
    label: Option<&'static str>,
}

impl<T> Call<T> {
    /// Wraps a request; nothing is known about it yet.
    pub fn new(value: T) -> Self {
        Self {
            value,
            context: Context::default(),
            idempotency: Idempotency::Unknown,
            weight: 1,
            priority: Priority::Normal,
            class: "request",
            label: None,
        }
    }

    /// Marks it as repeatable or not.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotency = if idempotent {
            Idempotency::Yes
        } else {
            Idempotency::No
        };
        self
    }

    /// Sets how many permits it takes.
    #[must_use]
    pub const fn with_weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Sets where it stands in the queue of a limit.
    #[must_use]
    pub const fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Sets its label, under which a limit may keep a share for it.
    #[must_use]
    pub const fn with_label(mut self, label: &'static str) -> Self {
        self.label = Some(label);
        self
    }

    /// Sets its class for metrics.
    #[must_use]
    pub const fn with_class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }

    /// Sets a deadline, unless there is an earlier one.
    #[must_use]
    pub fn with_deadline(mut self, at: Instant) -> Self {
        self.context.shorten(Deadline::at(at));
        self
    }

    /// Sets a call limit of its own.
    #[must_use]
    pub const fn with_call_limit(mut self, limit: OwnLimit) -> Self {
        self.context.set_call_limit(limit);
        self
    }

    /// Sets a number of retries of its own, in place of that of the policy.
    #[must_use]
    pub const fn with_max_retries(mut self, retries: u32) -> Self {
        self.context.max_retries = Some(retries);
        self
    }

    /// Sets an attempt limit of its own.
    #[must_use]
    pub const fn with_attempt_limit(mut self, limit: OwnLimit) -> Self {
        self.context.set_attempt_limit(limit);
        self
    }
}

impl<T> Request for Call<T> {
    fn context(&self) -> &Context {
        &self.context
    }
    fn context_mut(&mut self) -> &mut Context {
        &mut self.context
    }
    fn idempotency(&self) -> Idempotency {
        self.idempotency
    }
    fn weight(&self) -> u32 {
        self.weight
    }
    fn priority(&self) -> Priority {
        self.priority
    }
    fn label(&self) -> Option<&str> {
        self.label
    }
    fn class(&self) -> &'static str {
        self.class
    }
}
