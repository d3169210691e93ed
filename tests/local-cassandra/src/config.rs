//! The files of a node's configuration.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use crate::error::Error;
use crate::ports::STORAGE_PORT;
use crate::tls::{STORE_PASSWORD, Tls};

/// What one node's `cassandra.yaml` depends on.
#[derive(Debug)]
pub(crate) struct NodeConfig<'a> {
    pub(crate) index: usize,
    pub(crate) addresses: &'a [Ipv4Addr],
    pub(crate) data_center: &'a str,
    pub(crate) port: u16,
    pub(crate) authentication: bool,
    pub(crate) tls: Option<&'a Tls>,
    pub(crate) extra: &'a [(String, String)],
}

impl NodeConfig<'_> {
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Error> {
        let conf = dir.join("conf");
        for dir in [&conf, &dir.join("tmp")] {
            fs::create_dir_all(dir).map_err(Error::at(dir))?;
        }
        let rack = format!("dc={}\nrack=rack1\n", self.data_center);
        for (name, text) in [
            ("cassandra.yaml", self.yaml(dir)),
            ("cassandra-rackdc.properties", rack),
            ("logback.xml", logback("INFO", "System.out")),
            ("tools.xml", logback("WARN", "System.err")),
        ] {
            let file = conf.join(name);
            fs::write(&file, text).map_err(Error::at(&file))?;
        }
        Ok(())
    }

    fn yaml(&self, dir: &Path) -> String {
        let address = self.addresses[self.index];
        let seeds: Vec<String> = self.addresses.iter().map(Ipv4Addr::to_string).collect();
        let within = |name: &str| quoted(&dir.join(name).to_string_lossy());
        let mut settings: Vec<(String, String)> = Vec::new();
        let mut set = |key: &str, value: String| {
            settings.retain(|(known, _)| known != key);
            settings.push((key.to_owned(), value));
        };

        set("cluster_name", "local-cassandra".to_owned());
        set(
            "partitioner",
            "org.apache.cassandra.dht.Murmur3Partitioner".to_owned(),
        );
        // A fixed token each, and no bootstrap: only so may the nodes start at the same time.
        set("num_tokens", "1".to_owned());
        set(
            "initial_token",
            token(self.index, self.addresses.len()).to_string(),
        );
        set("auto_bootstrap", "false".to_owned());
        set(
            "seed_provider",
            format!(
                "[{{class_name: org.apache.cassandra.locator.SimpleSeedProvider, \
                 parameters: [{{seeds: {}}}]}}]",
                quoted(&seeds.join(","))
            ),
        );
        set("listen_address", address.to_string());
        set("rpc_address", address.to_string());
        set("storage_port", STORAGE_PORT.to_string());
        set("native_transport_port", self.port.to_string());
        set("endpoint_snitch", "GossipingPropertyFileSnitch".to_owned());
        set("data_file_directories", format!("[{}]", within("data")));
        for (key, name) in [
            ("commitlog_directory", "commitlog"),
            ("hints_directory", "hints"),
            ("saved_caches_directory", "saved_caches"),
            ("cdc_raw_directory", "cdc_raw"),
        ] {
            set(key, within(name));
        }
        for (key, value) in [
            ("commitlog_sync", "periodic"),
            ("commitlog_sync_period", "10000ms"),
            ("commitlog_segment_size", "16MiB"),
            ("auto_snapshot", "false"),
            ("memtable_heap_space", "96MiB"),
            ("memtable_allocation_type", "heap_buffers"),
            ("user_defined_functions_enabled", "true"),
            ("materialized_views_enabled", "true"),
        ] {
            set(key, value.to_owned());
        }
        if self.authentication {
            set("authenticator", "PasswordAuthenticator".to_owned());
            set("authorizer", "CassandraAuthorizer".to_owned());
            set("role_manager", "CassandraRoleManager".to_owned());
        }
        if let Some(tls) = self.tls {
            set(
                "client_encryption_options",
                format!(
                    "{{enabled: true, optional: false, keystore: {}, \
                     keystore_password: {STORE_PASSWORD}, store_type: PKCS12}}",
                    quoted(&tls.key_store.to_string_lossy())
                ),
            );
        }
        for (key, value) in self.extra {
            set(key, value.clone());
        }
        settings
            .into_iter()
            .map(|(key, value)| format!("{key}: {value}\n"))
            .collect()
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Divides the ring evenly. The tokens are all of `i64`.
fn token(index: usize, nodes: usize) -> i64 {
    let step = (1_i128 << 64) / nodes as i128;
    let token = i128::from(i64::MIN) + index as i128 * step;
    i64::try_from(token).expect("less than one turn of the ring")
}

fn logback(level: &str, target: &str) -> String {
    format!(
        "<configuration>\
         <appender name=\"OUT\" class=\"ch.qos.logback.core.ConsoleAppender\">\
         <target>{target}</target>\
         <encoder><pattern>%-5level %date{{HH:mm:ss.SSS}} [%thread] %logger{{0}}: %msg%n</pattern></encoder>\
         </appender>\
         <root level=\"{level}\"><appender-ref ref=\"OUT\"/></root>\
         </configuration>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 9, 1), Ipv4Addr::new(127, 0, 9, 2)];

    fn config(extra: &[(String, String)]) -> NodeConfig<'_> {
        NodeConfig {
            index: 1,
            addresses: &TWO,
            data_center: "dc1",
            port: 9042,
            authentication: false,
            tls: None,
            extra,
        }
    }

    #[test]
    fn tokens_divide_the_ring_evenly() {
        assert_eq!(token(0, 3), i64::MIN);
        assert_eq!(token(1, 2), 0);
        assert_eq!(token(1, 3), -3_074_457_345_618_258_603);
        assert_eq!(token(2, 3), 3_074_457_345_618_258_602);
        assert!(token(63, 64) > token(62, 64));
    }

    #[test]
    fn every_node_is_a_seed_and_listens_on_its_own_address() {
        let yaml = config(&[]).yaml(Path::new("/d"));
        assert!(yaml.contains("seeds: '127.0.9.1,127.0.9.2'"), "{yaml}");
        assert!(yaml.contains("listen_address: 127.0.9.2\n"), "{yaml}");
        assert!(yaml.contains("initial_token: 0\n"), "{yaml}");
        assert!(!yaml.contains("authenticator"), "{yaml}");
    }

    #[test]
    fn an_extra_setting_replaces_the_usual_one() {
        let extra = [("commitlog_sync_period".to_owned(), "1ms".to_owned())];
        let yaml = config(&extra).yaml(Path::new("/d"));
        assert!(yaml.contains("commitlog_sync_period: 1ms\n"), "{yaml}");
        assert_eq!(yaml.matches("commitlog_sync_period").count(), 1);
    }
}
