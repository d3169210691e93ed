//! Encryption.

use super::bad;
use crate::cluster::ClusterBuilder;
use crate::config::options::TlsOptions;
use crate::error::Error;

#[cfg(any(feature = "rustls", feature = "openssl"))]
pub(super) fn tls(builder: ClusterBuilder, tls: TlsOptions) -> Result<ClusterBuilder, Error> {
    use crate::cluster::{TlsFiles, TlsLibrary};
    let Some(ca) = tls.ca_file else {
        let without = [
            ("tls.certificate_file", tls.certificate_file.is_some()),
            ("tls.key_file", tls.key_file.is_some()),
            ("tls.server_name", tls.server_name.is_some()),
            ("tls.library", tls.library.is_some()),
        ];
        return match without.into_iter().find(|(_, given)| *given) {
            Some((key, _)) => Err(bad(key, "needs a `tls.ca_file`")),
            None => Ok(builder),
        };
    };
    let mut files = TlsFiles::new(ca);
    files = match (tls.certificate_file, tls.key_file) {
        (None, None) => files,
        (Some(certificate), Some(key)) => files.client_certificate(certificate, key),
        (Some(_), None) => return Err(bad("tls.certificate_file", "needs a `tls.key_file`")),
        (None, Some(_)) => return Err(bad("tls.key_file", "needs a `tls.certificate_file`")),
    };
    if let Some(name) = tls.server_name {
        files = files.server_name(name);
    }
    if let Some(library) = tls.library {
        files = files.library(match library.as_str() {
            #[cfg(feature = "rustls")]
            "rustls" => TlsLibrary::Rustls,
            #[cfg(feature = "openssl")]
            "openssl" => TlsLibrary::OpenSsl,
            other => {
                let problem =
                    format!("{other:?} is not a library that this program was built with: rustls, openssl");
                return Err(bad("tls.library", problem));
            }
        });
    }
    Ok(builder.tls_files(files))
}

#[cfg(not(any(feature = "rustls", feature = "openssl")))]
pub(super) fn tls(builder: ClusterBuilder, tls: TlsOptions) -> Result<ClusterBuilder, Error> {
    // A plain connection in place of an encrypted one would be the worst answer.
    if tls.is_set() {
        return Err(bad(
            "tls",
            "this program was built without TLS: turn on the feature `rustls` or `openssl`",
        ));
    }
    Ok(builder)
}
