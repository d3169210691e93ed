use super::HEADER;

/// A body that ends too early, or holds what it must not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Malformed;

/// A value bound to a marker, as it is in the frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Bound<'a> {
    Null,
    Unset,
    Bytes(&'a [u8]),
}

impl<'a> Bound<'a> {
    pub(crate) fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Null | Self::Unset => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) version: u8,
    pub(crate) flags: u8,
    pub(crate) stream: i16,
    pub(crate) opcode: u8,
    pub(crate) length: usize,
}

impl Header {
    /// `None` until all of it is there.
    pub(crate) fn read(input: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER] = input.first_chunk()?;
        Some(Self {
            version: header[0],
            flags: header[1],
            stream: i16::from_be_bytes([header[2], header[3]]),
            opcode: header[4],
            length: u32::from_be_bytes([header[5], header[6], header[7], header[8]]) as usize,
        })
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*head)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_be_bytes)
    }

    pub(crate) fn short_bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u16()?;
        self.take(length.into())
    }

    pub(crate) fn string(&mut self) -> Result<&'a str, Malformed> {
        str::from_utf8(self.short_bytes()?).map_err(|_| Malformed)
    }

    pub(crate) fn long_string(&mut self) -> Result<&'a str, Malformed> {
        let length = usize::try_from(self.i32()?).map_err(|_| Malformed)?;
        str::from_utf8(self.take(length)?).map_err(|_| Malformed)
    }

    pub(crate) fn string_list(&mut self) -> Result<Vec<&'a str>, Malformed> {
        (0..self.u16()?).map(|_| self.string()).collect()
    }

    pub(crate) fn bound(&mut self) -> Result<Bound<'a>, Malformed> {
        match self.i32()? {
            -1 => Ok(Bound::Null),
            -2 => Ok(Bound::Unset),
            length => {
                let length = usize::try_from(length).map_err(|_| Malformed)?;
                self.take(length).map(Bound::Bytes)
            }
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        self.bound().map(Bound::bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_when_it_is_complete() {
        let bytes = [4, 2, 0xFF, 0xFE, 0x0A, 0, 0, 1, 2];
        assert!(Header::read(&bytes[..8]).is_none());
        let header = Header::read(&bytes).unwrap();
        assert_eq!((header.version, header.flags, header.stream), (4, 2, -2));
        assert_eq!((header.opcode, header.length), (0x0A, 258));
    }

    #[test]
    fn null_unset_and_empty_are_told_apart() {
        let body = [255, 255, 255, 255, 255, 255, 255, 254, 0, 0, 0, 0, 0, 0, 0, 1, 7];
        let mut reader = Reader::new(&body);
        assert_eq!(reader.bound(), Ok(Bound::Null));
        assert_eq!(reader.bound(), Ok(Bound::Unset));
        assert_eq!(reader.bound(), Ok(Bound::Bytes(&[])));
        assert_eq!(reader.bound(), Ok(Bound::Bytes(&[7])));
        assert_eq!(reader.bound(), Err(Malformed));
    }

    #[test]
    fn a_length_past_the_end_is_malformed() {
        assert_eq!(Reader::new(&[0, 5, b'a']).string(), Err(Malformed));
        assert_eq!(
            Reader::new(&[0x7F, 255, 255, 255, b'a']).long_string(),
            Err(Malformed)
        );
        assert_eq!(Reader::new(&[255, 255, 255, 253]).bound(), Err(Malformed));
    }
}
