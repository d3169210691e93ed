//! What the driver is given as authenticator: the user's choice, with an eye on how often a password leaves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use scylla::authentication::{
    AuthError, AuthenticatorProvider, AuthenticatorSession, PlainTextAuthenticator,
};
use tokio::time::timeout;

use super::{Credentials, LoginChoice};
use crate::error::BoxError;

/// One attempt at connecting, as far as it concerns the login.
///
/// The driver goes through all contact points, whatever the first one said, and returns the last one's error. A wrong password
/// would be tried at every one of them, and accounts get locked. So the login is sent to one node; only when that accepted it is it
/// sent to others. The driver opens its first connections one after the other, so there is no race.
#[derive(Clone)]
pub(in crate::cluster) struct Login {
    choice: LoginChoice,
    limit: Duration,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    stage: Stage,
    refusal: Option<Refusal>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Fresh,
    /// It was sent and is not accepted, or not yet.
    Sent,
    Accepted,
}

/// Why nothing was sent.
pub(in crate::cluster) enum Refusal {
    /// The server wants a login and there is none.
    NoLogin,
    /// The provider failed, or took too long.
    Provider(BoxError),
}

const NO_LOGIN: &str = "the server wants a login, and none is configured";
const NOT_AGAIN: &str = "not sent again: a contact point before did not accept the login";
const PROVIDER: &str = "the credentials provider failed";

impl Login {
    pub(super) fn new(choice: LoginChoice, limit: Duration) -> Self {
        Self {
            choice,
            limit,
            notes: Arc::default(),
        }
    }

    fn note(&self, write: impl FnOnce(&mut Notes)) {
        write(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Why nothing was sent, if that is so. It is taken out.
    pub(in crate::cluster) fn refusal(&self) -> Option<Refusal> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.refusal.take()
    }

    /// Was the login sent, and never accepted?
    pub(in crate::cluster) fn was_not_accepted(&self) -> bool {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).stage == Stage::Sent
    }

    /// The exchange of one connection. The texts of its errors reach the driver's log, so they are fixed.
    async fn begin(
        &self,
        mechanism: &str,
    ) -> Result<(Option<Vec<u8>>, Box<dyn AuthenticatorSession>), AuthError> {
        let plain =
            |credentials: Credentials| PlainTextAuthenticator::new(credentials.user, credentials.password);
        match &self.choice {
            LoginChoice::None => {
                self.note(|notes| notes.refusal = Some(Refusal::NoLogin));
                Err(NO_LOGIN.to_owned())
            }
            LoginChoice::Fixed(credentials) => {
                let plain = plain(credentials.clone());
                plain.start_authentication_session(mechanism).await
            }
            LoginChoice::Provider(provider) => {
                let given = match timeout(self.limit, provider.credentials()).await {
                    Ok(given) => given,
                    Err(late) => Err(late.into()),
                };
                match given {
                    Ok(credentials) => {
                        let plain = plain(credentials);
                        plain.start_authentication_session(mechanism).await
                    }
                    Err(error) => {
                        self.note(|notes| notes.refusal = Some(Refusal::Provider(error)));
                        Err(PROVIDER.to_owned())
                    }
                }
            }
            LoginChoice::Authenticator(authenticator) => {
                authenticator.start_authentication_session(mechanism).await
            }
        }
    }
}

#[async_trait]
impl AuthenticatorProvider for Login {
    async fn start_authentication_session(
        &self,
        authenticator_name: &str,
    ) -> Result<(Option<Vec<u8>>, Box<dyn AuthenticatorSession>), AuthError> {
        if self.was_not_accepted() {
            return Err(NOT_AGAIN.to_owned());
        }
        let (first, session) = self.begin(authenticator_name).await?;
        self.note(|notes| {
            notes.refusal = None;
            if notes.stage == Stage::Fresh {
                notes.stage = Stage::Sent;
            }
        });
        let login = self.clone();
        Ok((first, Box::new(Exchange { session, login })))
    }
}

struct Exchange {
    session: Box<dyn AuthenticatorSession>,
    login: Login,
}

#[async_trait]
impl AuthenticatorSession for Exchange {
    async fn evaluate_challenge(&mut self, token: Option<&[u8]>) -> Result<Option<Vec<u8>>, AuthError> {
        self.session.evaluate_challenge(token).await
    }

    async fn success(&mut self, token: Option<&[u8]>) -> Result<(), AuthError> {
        self.session.success(token).await?;
        self.login.note(|notes| notes.stage = Stage::Accepted);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(choice: LoginChoice) -> Login {
        choice.login(Duration::from_secs(1))
    }

    #[tokio::test]
    async fn a_login_is_sent_once_until_it_is_accepted() {
        let login = login(LoginChoice::Fixed(Credentials::new("me", "secret")));
        let (first, mut exchange) = login.start_authentication_session("plain").await.unwrap();
        assert_eq!(first.unwrap(), b"\0me\0secret");
        let refused = login.start_authentication_session("plain").await.err().unwrap();
        assert_eq!(refused, NOT_AGAIN);
        assert!(login.was_not_accepted());
        exchange.success(None).await.unwrap();
        assert!(!login.was_not_accepted());
        for _ in 0..2 {
            assert!(login.start_authentication_session("plain").await.is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_never_answers_is_given_up() {
        let never = || std::future::pending::<Result<Credentials, std::io::Error>>();
        let login = login(LoginChoice::Provider(Arc::new(never)));
        assert!(login.start_authentication_session("plain").await.is_err());
        assert!(matches!(login.refusal(), Some(Refusal::Provider(_))));
        assert!(!login.was_not_accepted());
    }
}
