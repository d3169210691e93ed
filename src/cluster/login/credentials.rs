use std::fmt;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;

use crate::error::BoxError;
use crate::files::read_small;

/// User name and password. Neither is ever shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl Credentials {
    /// Takes both as they are.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// The future of a [`CredentialsProvider`].
pub type CredentialsFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Credentials, Box<dyn std::error::Error + Send + Sync>>> + Send + 'a>>;

/// Where credentials come from when they change while a session lives: a vault, a file that is rotated, a token service.
///
/// It is asked for every connection that is opened, also when one is opened again, so a new password needs no new session.
/// Connections that are open stay as they are. Closures that return a future are providers:
///
/// ```no_run
/// use tower_cassandra::{ClusterBuilder, Credentials};
///
/// async fn from_the_vault() -> Result<Credentials, std::io::Error> {
/// #   Ok(Credentials::new("", ""))
/// }
/// let builder = ClusterBuilder::new().credentials_provider(from_the_vault);
/// ```
///
/// An answer may take as long as [`connect_timeout`](crate::ClusterBuilder::connect_timeout). While connecting, an error of the provider
/// ends as kind `Authentication` with that error as source, after the usual three attempts: nothing was sent that could lock an account.
/// Later it is a connection that could not be opened, and the driver tries again within 10 s.
pub trait CredentialsProvider: Send + Sync + 'static {
    /// The credentials that hold now.
    ///
    /// # Errors
    /// Any; do not put secrets into its text, it can be read as the source of the session's error.
    fn credentials(&self) -> CredentialsFuture<'_>;
}

impl<F, Fut, E> CredentialsProvider for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Credentials, E>> + Send + 'static,
    E: Into<BoxError>,
{
    fn credentials(&self) -> CredentialsFuture<'_> {
        let answer = self();
        Box::pin(async move { answer.await.map_err(Into::into) })
    }
}

/// A user whose password is the content of a file, read anew for every connection: secrets mounted by Kubernetes or Docker are rotated
/// that way. One line end at the end of the file does not count.
#[derive(Clone, Debug)]
pub struct PasswordFile {
    user: String,
    path: PathBuf,
}

/// Larger files are taken for a mistake.
const LONGEST: u64 = 65_536;

impl PasswordFile {
    /// The user, and where the password is.
    pub fn new(user: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            user: user.into(),
            path: path.into(),
        }
    }

    /// Reads the file.
    pub(crate) fn read(&self) -> io::Result<Credentials> {
        let text = read_small(&self.path, LONGEST).map_err(|error| {
            let what = format!("password file {}: {error}", self.path.display());
            io::Error::new(error.kind(), what)
        })?;
        let password = text
            .strip_suffix('\n')
            .map(|text| text.strip_suffix('\r').unwrap_or(text))
            .unwrap_or(&text);
        Ok(Credentials::new(&self.user, password))
    }
}

impl CredentialsProvider for PasswordFile {
    fn credentials(&self) -> CredentialsFuture<'_> {
        let file = self.clone();
        Box::pin(async move {
            // A network file system may be slow; the runtime must not wait with it.
            let read = tokio::task::spawn_blocking(move || file.read()).await?;
            Ok(read?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_credentials_is_shown() {
        let shown = format!("{:?}", Credentials::new("someone", "s3cret"));
        assert!(!shown.contains("s3cret") && !shown.contains("someone"), "{shown}");
    }

    #[tokio::test]
    async fn a_password_file_is_read_anew_and_loses_its_line_end() {
        let path = std::env::temp_dir().join(format!("tower-cassandra-password-{}", std::process::id()));
        let provider = PasswordFile::new("me", &path);
        let missing = provider.credentials().await.unwrap_err();
        assert!(missing.to_string().contains("password file"), "{missing}");
        for (text, password) in [
            ("one\n", "one"),
            ("two\r\n", "two"),
            (" three ", " three "),
            ("\n\n", "\n"),
        ] {
            std::fs::write(&path, text).unwrap();
            let read = provider.credentials().await.unwrap();
            assert!(read == Credentials::new("me", password), "{text:?}");
        }
        std::fs::remove_file(&path).unwrap();
    }
}
