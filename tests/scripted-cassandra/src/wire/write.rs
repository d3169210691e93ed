use std::net::{IpAddr, SocketAddr};

use super::{HEADER, RESPONSE_VERSION};

/// Writes the notations of the protocol at the end of a buffer. Lengths that do not fit are a mistake of
/// the script, and cut.
pub(crate) trait Put {
    fn put(&mut self, bytes: &[u8]);

    fn put_u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    fn put_u16(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }

    fn put_i32(&mut self, value: i32) {
        self.put(&value.to_be_bytes());
    }

    fn put_count(&mut self, value: usize) {
        self.put_i32(i32::try_from(value).unwrap_or(i32::MAX));
    }

    fn put_short_bytes(&mut self, bytes: &[u8]) {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.put_u16(length);
        self.put(&bytes[..length.into()]);
    }

    fn put_string(&mut self, text: &str) {
        self.put_short_bytes(text.as_bytes());
    }

    fn put_string_list<T: AsRef<str>>(&mut self, texts: &[T]) {
        self.put_u16(u16::try_from(texts.len()).unwrap_or(u16::MAX));
        for text in texts {
            self.put_string(text.as_ref());
        }
    }

    fn put_bytes(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => {
                self.put_count(bytes.len());
                self.put(bytes);
            }
            None => self.put_i32(-1),
        }
    }

    fn put_inet(&mut self, address: SocketAddr) {
        match address.ip() {
            IpAddr::V4(ip) => {
                self.put_u8(4);
                self.put(&ip.octets());
            }
            IpAddr::V6(ip) => {
                self.put_u8(16);
                self.put(&ip.octets());
            }
        }
        self.put_i32(address.port().into());
    }
}

impl Put for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Writes a header whose length [`end_frame`] fills in, and returns where it starts.
pub(crate) fn begin_frame(out: &mut Vec<u8>, flags: u8, stream: i16, opcode: u8) -> usize {
    let start = out.len();
    let [high, low] = stream.to_be_bytes();
    out.put(&[RESPONSE_VERSION, flags, high, low, opcode, 0, 0, 0, 0]);
    start
}

pub(crate) fn end_frame(out: &mut [u8], start: usize) {
    let length = u32::try_from(out.len() - start - HEADER).unwrap_or(u32::MAX);
    out[start + 5..start + HEADER].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Header;

    #[test]
    fn the_length_of_a_frame_is_that_of_its_body() {
        let mut out = vec![1, 2, 3];
        let start = begin_frame(&mut out, 0, -1, 0x0C);
        out.put_string("abc");
        end_frame(&mut out, start);
        let header = Header::read(&out[start..]).unwrap();
        assert_eq!((header.version, header.stream, header.length), (0x84, -1, 5));
        assert_eq!(&out[start + HEADER..], [0, 3, b'a', b'b', b'c']);
    }
}
