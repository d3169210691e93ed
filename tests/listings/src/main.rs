//! ```sh
//! cargo doc --no-deps -p tower-cassandra -p tower-cassandra-layers --features axum,rustls,status-page,test-util,tonic
//! cargo run -p listings -- api [--write]
//! cargo run -p listings -- licenses [--write]
//! ```
//!
//! Without `--write` it compares with what is committed, prints the difference, and fails if there is one.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["api"] => listings::api::check(),
        ["api", "--write"] => listings::api::write(),
        ["licenses"] => listings::licenses::check(),
        ["licenses", "--write"] => listings::licenses::write(),
        _ => Err("usage: listings api|licenses [--write]".to_owned()),
    };
    match result {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
