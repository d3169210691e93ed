//! Every option that can be written down, once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::values::{Codec, Level, Limit, ReadTimeouts, Secret, SerialLevel, Span};

/// A group of options. All are optional; of two groups laid over each other the upper one wins, option by option.
macro_rules! options {
    ($(#[$about:meta])* $group:ident {
        $($option:ident: $type:ty,)*
        $(; $($part:ident: $sub:ty,)*)?
    }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(crate) struct $group {
            $(pub(super) $option: Option<$type>,)*
            $($(pub(super) $part: $sub,)*)?
        }

        impl $group {
            pub(super) fn over(self, below: Self) -> Self {
                Self {
                    $($option: self.$option.or(below.$option),)*
                    $($($part: self.$part.over(below.$part),)*)?
                }
            }

            /// Is any of them there?
            #[allow(dead_code, reason = "not of every group anybody asks")]
            pub(super) fn is_set(&self) -> bool {
                false $(|| self.$option.is_some())* $($(|| self.$part.is_set())*)?
            }

            /// The names of all options, those of parts behind the part's name and a dot.
            pub(super) fn names(before: &str, add: &mut impl FnMut(String)) {
                $(add(format!("{before}{}", stringify!($option)));)*
                $($(<$sub>::names(&format!("{before}{}.", stringify!($part)), add);)*)?
                let _ = (before, add);
            }
        }
    };
}

options!(Options {
    contact_points: Vec<String>,
    port: u16,
    keyspace: String,
    keyspace_case_sensitive: bool,
    user: String,
    password: Secret,
    password_file: PathBuf,
    default_consistency: Level,
    default_serial_consistency: SerialLevel,
    timeout: Limit,
    attempt_timeout: Limit,
    connect_timeout: Span,
    prepare_timeout: Span,
    schema_agreement_timeout: Span,
    metadata_timeout: Span,
    tcp_connect_timeout: Span,
    metadata_refresh_interval: Span,
    full_metadata_refresh: bool,
    prepared_cache: usize,
    strict_prepared: bool,
    infer_idempotence: bool,
    server_timestamps: bool,
    trace_query_text: bool,
    min_protocol_version: u8,
    prefer_datacenter: String,
    prefer_rack: String,
    strict_locality: bool,
    permit_dc_failover: bool,
    compression: Codec,
    address_translation: BTreeMap<SocketAddr, SocketAddr>,
    allowed_hosts: Vec<SocketAddr>,
    ;
    keepalive: Keepalive,
    pool: Pool,
    tls: TlsOptions,
    hedge: Hedging,
    retry: Retry,
    rate_limit: Rate,
    concurrency_limit: Concurrency,
    metrics: MetricsOptions,
    slow_log: SlowLogOptions,
    health: Health,
    profiles: ProfileOptions,
});

options!(Keepalive {
    interval: Span,
    timeout: Span,
});

options!(Pool {
    per_host: usize,
    per_shard: usize,
});

options!(TlsOptions {
    ca_file: PathBuf,
    certificate_file: PathBuf,
    key_file: PathBuf,
    server_name: String,
    library: String,
});

options!(Retry {
    enabled: bool,
    max_retries: u32,
    read_timeouts: ReadTimeouts,
    resend_overloaded: bool,
    retry_views: bool,
    backoff_base: Span,
    backoff_cap: Span,
    jitter: bool,
    budget: bool,
    budget_floor: u32,
    budget_percent: u32,
});

options!(Hedging {
    enabled: bool,
    quantile: f64,
    after: Span,
    floor: Span,
    share: f64,
    burst: u32,
});

options!(Rate {
    count: u32,
    period: Span,
    burst: u32,
    queue: usize,
});

options!(Concurrency {
    limit: usize,
    queue: usize,
    shares: BTreeMap<String, f64>,
});

options!(MetricsOptions {
    enabled: bool,
    prefix: String,
    client: String,
    statement_labels: usize,
    operation_durations: bool,
});

options!(SlowLogOptions {
    enabled: bool,
    threshold: Span,
    failures: bool,
    sample: f64,
    per_second: u32,
});

options!(Health {
    enabled: bool,
    interval: Span,
    timeout: Span,
    node_limit: u32,
    abandoned_limit: u32,
    consecutive_failures: u32,
    failure_percent: u32,
    ejection_base: Span,
    ejection_cap: Span,
});

options!(One {
    consistency: Level,
    serial_consistency: SerialLevel,
    timeout: Limit,
    attempt_timeout: Limit,
    page_size: u32,
    max_retries: u32,
});

/// Profiles by name. Their names are the user's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct ProfileOptions(pub(super) BTreeMap<String, One>);

impl ProfileOptions {
    fn over(self, mut below: Self) -> Self {
        for (name, upper) in self.0 {
            let lower = below.0.remove(&name).unwrap_or_default();
            below.0.insert(name, upper.over(lower));
        }
        below
    }

    fn is_set(&self) -> bool {
        !self.0.is_empty()
    }

    fn names(before: &str, add: &mut impl FnMut(String)) {
        One::names(&format!("{before}*."), add);
    }
}
