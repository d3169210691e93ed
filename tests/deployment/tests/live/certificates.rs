//! Certificates for the tests: an authority, the node's, the client's, and some that must not be accepted.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};

/// The name that the node's certificate bears beside its address.
pub(crate) const SERVER_NAME: &str = "cassandra.test";

/// The files.
pub(crate) struct Certificates {
    dir: PathBuf,
    ours: Authority,
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn leaf(name: &str, purpose: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![purpose];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

/// For the first two nodes of every block of addresses: which one it will be is not known yet.
fn node() -> CertificateParams {
    let mut params = leaf("node", ExtendedKeyUsagePurpose::ServerAuth);
    let address = |block, node| SanType::IpAddress(IpAddr::V4(Ipv4Addr::new(127, 0, block, node)));
    let of_block = |block| [address(block, 1), address(block, 2)];
    params.subject_alt_names = (10..=249).flat_map(of_block).collect();
    params
        .subject_alt_names
        .push(SanType::DnsName(SERVER_NAME.try_into().unwrap()));
    params
}

/// A certificate and its key in one text.
fn issue(params: CertificateParams, by: &Authority) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    (certificate.pem(), key.serialize_pem())
}

impl Certificates {
    pub(crate) fn make() -> Self {
        // A static value is never dropped, so the next run overwrites what this one leaves.
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("certificates");
        std::fs::create_dir_all(&dir).unwrap();
        let this = Self {
            dir,
            ours: authority("ours"),
        };
        let foreign = authority("foreign");
        this.write("ca.pem", &this.ours.pem());
        this.write("foreign-ca.pem", &foreign.pem());
        for (name, by) in [("client", &this.ours), ("foreign-client", &foreign)] {
            let (certificate, key) = issue(leaf(name, ExtendedKeyUsagePurpose::ClientAuth), by);
            this.write(&format!("{name}.pem"), &certificate);
            this.write(&format!("{name}-key.pem"), &key);
        }
        this.give_node_a_good_one();
        this
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn give_node(&self, params: CertificateParams) {
        let (certificate, key) = issue(params, &self.ours);
        self.write("node.pem", &format!("{certificate}{key}"));
    }

    pub(crate) fn give_node_a_good_one(&self) {
        self.give_node(node());
    }

    pub(crate) fn give_node_an_expired_one(&self) {
        let mut params = node();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.give_node(params);
    }

    pub(crate) fn give_node_one_of_the_future(&self) {
        let mut params = node();
        params.not_before = date_time_ymd(2120, 1, 1);
        params.not_after = date_time_ymd(2121, 1, 1);
        self.give_node(params);
    }
}

/// A path in the configuration of a node.
pub(crate) fn quoted(path: &Path) -> String {
    format!("'{}'", path.display())
}
