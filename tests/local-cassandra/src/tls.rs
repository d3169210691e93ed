//! A key for the nodes and its certificate for the clients, made by Java's own tool.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind};
use crate::java::Java;

/// Guards nothing: the store lives as long as its cluster, in a directory of ours alone.
pub(crate) const STORE_PASSWORD: &str = "local-cassandra";

#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) key_store: PathBuf,
    pub(crate) certificate: PathBuf,
}

impl Tls {
    pub(crate) async fn make(java: &Java, dir: &Path, addresses: &[Ipv4Addr]) -> Result<Self, Error> {
        std::fs::create_dir_all(dir).map_err(Error::at(dir))?;
        let this = Self {
            key_store: dir.join("keystore.p12"),
            certificate: dir.join("certificate.pem"),
        };
        // Drivers check the address they connect to, so the certificate names them all.
        let names: String = addresses.iter().map(|ip| format!("ip:{ip},")).collect();
        let names = format!("san={names}dns:localhost");
        let store = this.key_store.to_string_lossy();
        let certificate = this.certificate.to_string_lossy();
        let place = [
            "-alias",
            "node",
            "-keystore",
            &store,
            "-storetype",
            "PKCS12",
            "-storepass",
            STORE_PASSWORD,
        ];
        keytool(
            java,
            &place,
            &[
                "-genkeypair",
                "-keyalg",
                "RSA",
                "-keysize",
                "2048",
                "-validity",
                "365",
                "-dname",
                "CN=local-cassandra",
                "-ext",
                &names,
            ],
        )
        .await?;
        keytool(java, &place, &["-exportcert", "-rfc", "-file", &certificate]).await?;
        Ok(this)
    }
}

async fn keytool(java: &Java, place: &[&str], command: &[&str]) -> Result<(), Error> {
    let program = java.keytool();
    let failed = |why: String| {
        Error::new(
            ErrorKind::Start,
            format!("{} cannot make the TLS key: {why}", program.display()),
        )
    };
    let output = tokio::process::Command::new(&program)
        .args(command)
        .args(place)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(failed(String::from_utf8_lossy(&output.stdout).into_owned()))
    }
}
