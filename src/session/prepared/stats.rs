/// What the cache of prepared statements holds and did, at one moment. From
/// [`Session::prepared_cache`](crate::Session::prepared_cache).
///
/// A lookup is a hit, shared or a miss. Lookups that were refused because too many statements were being prepared are none of
/// these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreparedCacheStats {
    /// How many statements it can hold.
    pub capacity: usize,
    /// How many it holds.
    pub entries: usize,
    /// How many are being prepared now; 256 at most.
    pub in_flight: usize,
    /// Lookups that found their statement.
    pub hits: u64,
    /// Lookups that found it being prepared already, and waited for that.
    pub shared: u64,
    /// Lookups that began a PREPARE.
    pub misses: u64,
    /// PREPAREs that failed. They are not kept.
    pub failures: u64,
    /// Statements that made place for others: many of them say that the cache is too small, or that values are written into the
    /// texts.
    pub evictions: u64,
}
