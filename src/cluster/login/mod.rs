//! Who logs in: credentials of three kinds, and what the driver is given of them.

mod credentials;
mod driver;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scylla::authentication::AuthenticatorProvider;

pub use credentials::{Credentials, CredentialsFuture, CredentialsProvider, PasswordFile};
pub(super) use driver::{Login, Refusal};

/// What the builder was told. Of several calls the last one counts.
#[derive(Clone, Default)]
pub(super) enum LoginChoice {
    /// Nothing: a server that wants a login is an error that says how to give one.
    #[default]
    None,
    Fixed(Credentials),
    /// Asked anew for every connection.
    Provider(Arc<dyn CredentialsProvider>),
    /// The whole exchange is the user's.
    Authenticator(Arc<dyn AuthenticatorProvider>),
}

impl LoginChoice {
    /// What one attempt at connecting gives to the driver.
    pub(super) fn login(&self, limit: Duration) -> Login {
        Login::new(self.clone(), limit)
    }
}

impl fmt::Debug for LoginChoice {
    // That there is one is all that may be seen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Fixed(_) => "credentials",
            Self::Provider(_) => "credentials provider",
            Self::Authenticator(_) => "authenticator",
        })
    }
}
