//! What the driver (`scylla` 1.9) is known not to bear, kept out of the damage so that the rest is seen. It is in `SECURITY.md`:
//!
//! * room is reserved for as many columns, or columns of the partition key, as an answer names: up to 200 GB, and where there is not so much the process ends;
//! * room is reserved for a whole frame as long as its header says, up to 4 GB;
//! * types within types are read by recursion without a bound;
//! * an answer to any statement that says that the keyspace was changed is believed: from then on every new connection begins with a `USE` of that name, and ends
//!   where there is no such keyspace.

/// Of frames that are announced and never come.
pub(crate) const LONGEST_FRAME: u32 = 1 << 26;

pub(crate) const HEADER: usize = 9;

/// As many columns are read, and not found.
const MOST: i32 = 10_000;

const RESULT: u8 = 0x08;
const TRACING: u8 = 0x02;
const WARNING: u8 = 0x08;
const PAYLOAD: u8 = 0x04;

/// Makes every number of columns one that there is room for.
pub(crate) fn spare(flags: u8, opcode: u8, body: &mut [u8]) {
    if opcode == RESULT {
        // It ends where the driver stops reading too.
        let _ = Walk { body, at: 0 }.result(flags);
    }
}

/// Where a frame may be cut off at most. The frames that follow complete it, so that a number of columns may be made of their bytes: a result
/// is cut in its header alone.
pub(crate) fn longest_cut(frame: &[u8]) -> usize {
    if frame[4] == RESULT { HEADER } else { frame.len() }
}

struct Walk<'a> {
    body: &'a mut [u8],
    at: usize,
}

impl Walk<'_> {
    fn result(&mut self, flags: u8) -> Option<()> {
        if flags & TRACING != 0 {
            self.skip(16)?;
        }
        if flags & WARNING != 0 {
            for _ in 0..self.short()? {
                self.string()?;
            }
        }
        if flags & PAYLOAD != 0 {
            for _ in 0..self.short()? {
                self.string()?;
                let length = self.int()?;
                self.skip(usize::try_from(length).unwrap_or(0))?;
            }
        }
        let kind = self.at;
        match self.int()? {
            // The keyspace was changed: nothing was done.
            3 => self.body[kind + 3] = 1,
            2 => {
                self.int()?;
                self.count()?;
            }
            4 => {
                self.string()?;
                let flags = self.int()?;
                let columns = self.count()?;
                let key = self.count()?;
                for _ in 0..key {
                    self.short()?;
                }
                let global = flags & 1 != 0;
                if global {
                    self.table()?;
                }
                for _ in 0..columns {
                    if !global {
                        self.table()?;
                    }
                    self.string()?;
                    self.typ()?;
                }
                self.int()?;
                self.count()?;
            }
            _ => {}
        }
        Some(())
    }

    /// Reads a number of columns, and lowers it.
    fn count(&mut self) -> Option<i32> {
        let at = self.at;
        let count = self.int()?.min(MOST);
        self.body[at..at + 4].copy_from_slice(&count.to_be_bytes());
        Some(count)
    }

    fn typ(&mut self) -> Option<()> {
        match self.short()? {
            0x00 => self.string(),
            0x20 | 0x22 => self.typ(),
            0x21 => {
                self.typ()?;
                self.typ()
            }
            0x30 => {
                self.table()?;
                for _ in 0..self.short()? {
                    self.string()?;
                    self.typ()?;
                }
                Some(())
            }
            0x31 => {
                for _ in 0..self.short()? {
                    self.typ()?;
                }
                Some(())
            }
            _ => Some(()),
        }
    }

    fn table(&mut self) -> Option<()> {
        self.string()?;
        self.string()
    }

    fn string(&mut self) -> Option<()> {
        let length = self.short()?;
        self.skip(length.into())
    }

    fn short(&mut self) -> Option<u16> {
        let bytes = self.body.get(self.at..)?.first_chunk::<2>()?;
        self.at += 2;
        Some(u16::from_be_bytes(*bytes))
    }

    fn int(&mut self) -> Option<i32> {
        let bytes = self.body.get(self.at..)?.first_chunk::<4>()?;
        self.at += 4;
        Some(i32::from_be_bytes(*bytes))
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.at = self.at.checked_add(bytes).filter(|at| *at <= self.body.len())?;
        Some(())
    }
}
