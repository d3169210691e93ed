//! Reading small files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Reads a text of at most so many bytes; a larger file is taken for a mistake. What has no size of its own, such as a pipe, is read no
/// further either.
pub(crate) fn read_small(path: &Path, longest: u64) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?
        .take(longest.saturating_add(1))
        .read_to_string(&mut text)?;
    if read as u64 > longest {
        let why = format!("it is larger than {} KiB", longest / 1_024);
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_an_end_is_not_read_to_its_end() {
        let error = read_small(Path::new("/dev/zero"), 2_048).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 2 KiB");
    }

    #[test]
    fn a_file_as_large_as_allowed_is_read() {
        let path = std::env::temp_dir().join(format!("tower-cassandra-small-{}", std::process::id()));
        std::fs::write(&path, "four").unwrap();
        let read = [3, 4].map(|longest| read_small(&path, longest).ok());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read, [None, Some("four".to_owned())]);
    }
}
