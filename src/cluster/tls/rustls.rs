use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use scylla::client::session::TlsContext;

use super::{Ready, TlsFiles, bad_file};
use crate::error::Error;

pub(super) fn context(files: &TlsFiles) -> Result<Ready, Error> {
    let ca = "tls.ca_file";
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca, &files.authorities)? {
        roots
            .add(certificate)
            .map_err(|error| bad_file(ca, &files.authorities, error))?;
    }
    // The process's choice where it made one. Asking rustls to find out would panic when several are compiled in.
    let provider = CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            Error::config(
                "tls",
                error.to_string(),
                "a cryptography provider of the process that knows TLS 1.2 or 1.3",
            )
        })?;
    let builder = match &files.server_name {
        None => builder.with_root_certificates(roots),
        Some(name) => {
            let name = ServerName::try_from(name.clone())
                .map_err(|_| Error::config("tls.server_name", name, "a DNS name or an IP address"))?;
            let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| bad_file(ca, &files.authorities, error))?;
            let verifier = Arc::new(ByName { name, inner });
            builder.dangerous().with_custom_certificate_verifier(verifier)
        }
    };
    let config = match &files.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates("tls.certificate_file", certificate)?;
            let private = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| bad_file("tls.key_file", key, why(&error)))?;
            builder
                .with_client_auth_cert(chain, private)
                .map_err(|error| bad_file("tls.key_file", key, error))?
        }
    };
    Ok(Ready::given(TlsContext::Rustls023(Arc::new(config))))
}

fn certificates(option: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| bad_file(option, path, why(&error)))?;
    if certificates.is_empty() {
        return Err(bad_file(option, path, "no certificate in it"));
    }
    Ok(certificates)
}

/// What is wrong, without a quotation: one of the files is a key.
fn why(error: &rustls::pki_types::pem::Error) -> String {
    use rustls::pki_types::pem::Error as Pem;
    match error {
        Pem::Io(error) => error.to_string(),
        Pem::NoItemsFound => "nothing of the kind in it".to_owned(),
        _ => "not in PEM form".to_owned(),
    }
}

/// Checks everything as usual, but against one name for all nodes.
#[derive(Debug)]
struct ByName {
    name: ServerName<'static>,
    inner: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for ByName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _address: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner
            .verify_server_cert(certificate, chain, &self.name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
