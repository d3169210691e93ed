use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use openssl::error::ErrorStack;
use openssl::ssl::{SslConnector, SslConnectorBuilder, SslFiletype, SslMethod, SslVerifyMode};
use scylla::client::session::{OpenSsl010Config, TlsContext};

use super::{Ready, TlsFiles, bad_file};
use crate::error::{Error, TlsFailure};

/// Why the last certificate was refused. The error of the handshake does not say.
#[derive(Clone, Debug, Default)]
pub(super) struct Note {
    result: Arc<AtomicI32>,
    without_certificate: bool,
}

impl Note {
    pub(super) const fn without_certificate(&self) -> bool {
        self.without_certificate
    }

    /// The numbers are those of `X509_V_ERR_…` in OpenSSL's `x509_vfy.h`; the binding has no names for them.
    pub(super) fn take(&self) -> Option<TlsFailure> {
        match self.result.swap(0, Relaxed) {
            2 | 18..=21 | 27 => Some(TlsFailure::UnknownAuthority),
            9 => Some(TlsFailure::NotYetValid),
            10 => Some(TlsFailure::Expired),
            23 => Some(TlsFailure::Revoked),
            62 | 64 => Some(TlsFailure::WrongName),
            _ => None,
        }
    }
}

pub(super) fn context(files: &TlsFiles) -> Result<Ready, Error> {
    if let Some(name) = &files.server_name {
        return Err(Error::config(
            "tls.server_name",
            name,
            "it with rustls only: with OpenSSL the driver checks the node's IP address",
        ));
    }
    let refused = Note {
        result: Arc::default(),
        without_certificate: files.client.is_none(),
    };
    let context = OpenSsl010Config::new(connector(files, &refused)?);
    let mut ready = Ready::given(TlsContext::OpenSsl010Config(context));
    // What is refused there is refused to the driver as well, which tells it.
    ready.own_context = Some(connector(files, &Note::default())?.build().into_context());
    ready.refused = refused;
    Ok(ready)
}

fn connector(files: &TlsFiles, refused: &Note) -> Result<SslConnectorBuilder, Error> {
    let ca = "tls.ca_file";
    let of_ca = |error: ErrorStack| bad_file(ca, &files.authorities, why(&error));
    let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(of_ca)?;
    // Only these; the connector comes with those of the system.
    let mut store = openssl::x509::store::X509StoreBuilder::new().map_err(of_ca)?;
    let pem = std::fs::read(&files.authorities).map_err(|error| bad_file(ca, &files.authorities, error))?;
    let authorities = openssl::x509::X509::stack_from_pem(&pem).map_err(of_ca)?;
    if authorities.is_empty() {
        return Err(bad_file(ca, &files.authorities, "no certificate in it"));
    }
    for authority in authorities {
        store.add_cert(authority).map_err(of_ca)?;
    }
    builder.set_cert_store(store.build());
    let result = Arc::clone(&refused.result);
    builder.set_verify_callback(SslVerifyMode::PEER, move |good, chain| {
        if !good {
            result.store(chain.error().as_raw(), Relaxed);
        }
        good
    });
    if let Some((certificate, key)) = &files.client {
        builder
            .set_certificate_chain_file(certificate)
            .map_err(|error| bad_file("tls.certificate_file", certificate, why(&error)))?;
        builder
            .set_private_key_file(key, SslFiletype::PEM)
            .and_then(|()| builder.check_private_key())
            .map_err(|error| bad_file("tls.key_file", key, why(&error)))?;
    }
    Ok(builder)
}

fn why(stack: &ErrorStack) -> &'static str {
    let reason = stack.errors().iter().find_map(openssl::error::Error::reason);
    reason.unwrap_or("OpenSSL cannot use it")
}
