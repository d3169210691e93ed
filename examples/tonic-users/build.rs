//! Makes Rust of the service's definition, without `protoc`.

use std::path::PathBuf;

use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile(["users.proto"], ["proto"])?;
    // For reflection.
    std::fs::write(out.join("users.bin"), files.encode_to_vec())?;
    // Clients bring their own connection.
    tonic_prost_build::configure()
        .build_transport(false)
        .compile_fds(files)?;
    Ok(())
}
