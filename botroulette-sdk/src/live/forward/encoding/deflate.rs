//! gzip (RFC 1952), zlib (RFC 1950) and bare deflate (RFC 1951).

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_PARSE_ZLIB_HEADER, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::Undecodable;

/// A gzip file of more members is taken for broken: each costs more than its few bytes.
const MAX_MEMBERS: usize = 1_000;
/// How much room an output begins with.
const FIRST_ROOM: usize = 4 * 1024;

/// `deflate` is zlib by the standard, and without its frame by many a server.
pub(super) fn inflated(body: &[u8], limit: usize) -> Result<Vec<u8>, Undecodable> {
    const BROKEN: Undecodable = Undecodable::Broken("deflate");
    let is_zlib = matches!(body, [first, second, ..]
        if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0);
    let mut out = Vec::new();
    let framed = if is_zlib { inflate(body, TINFL_FLAG_PARSE_ZLIB_HEADER, &mut out, limit) } else { None };
    match framed {
        Some(Ok(_)) => Ok(out),
        Some(Err(error)) if error == Undecodable::TooLarge => Err(error),
        // The first two bytes looked like zlib's by chance, or were not.
        _ => {
            out.clear();
            inflate(body, 0, &mut out, limit).ok_or(BROKEN)??;
            Ok(out)
        }
    }
}

/// Every member of a gzip file (RFC 1952), with its checksum. What follows the last one is padding.
pub(super) fn gunzip(body: &[u8], limit: usize) -> Result<Vec<u8>, Undecodable> {
    const BROKEN: Undecodable = Undecodable::Broken("gzip");
    let mut out = Vec::new();
    let mut rest = body;
    for _ in 0..MAX_MEMBERS {
        let data = after_header(rest).ok_or(BROKEN)?;
        let begin = out.len();
        let consumed = inflate(data, 0, &mut out, limit).ok_or(BROKEN)??;
        let (trailer, after) =
            data.get(consumed..).and_then(|rest| rest.split_first_chunk::<8>()).ok_or(BROKEN)?;
        let [a, b, c, d, e, f, g, h] = *trailer;
        let member = out.get(begin..).unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, reason = "the length is told modulo 2^32")]
        let length = member.len() as u32;
        if u32::from_le_bytes([a, b, c, d]) != crc32(member) || u32::from_le_bytes([e, f, g, h]) != length {
            return Err(BROKEN);
        }
        if !after.starts_with(&[0x1f, 0x8b]) {
            return Ok(out);
        }
        rest = after;
    }
    Err(BROKEN)
}

/// What follows a gzip member's header.
fn after_header(member: &[u8]) -> Option<&[u8]> {
    const HEADER_CHECKSUM: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let ([0x1f, 0x8b, 8, flags, ..], mut rest) = member.split_first_chunk::<10>()? else { return None };
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & HEADER_CHECKSUM != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

/// Inflates behind what `out` holds, and says how many bytes of the input that took. `None` when it is broken.
fn inflate(input: &[u8], flags: u32, out: &mut Vec<u8>, limit: usize) -> Option<Result<usize, Undecodable>> {
    let flags = flags | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = Box::<DecompressorOxide>::default();
    let (mut read, begin) = (0, out.len());
    // Each member refers to itself alone, so it is inflated into a buffer of its own.
    let mut buffer = vec![0; FIRST_ROOM.min(limit.saturating_add(1))];
    let mut written = 0;
    loop {
        let (status, consumed, produced) =
            decompress(&mut state, input.get(read..)?, &mut buffer, written, flags);
        read += consumed;
        written += produced;
        if begin.saturating_add(written) > limit {
            return Some(Err(Undecodable::TooLarge));
        }
        match status {
            TINFLStatus::Done => {
                buffer.truncate(written);
                out.append(&mut buffer);
                return Some(Ok(read));
            }
            TINFLStatus::HasMoreOutput => {
                let room = buffer.len().saturating_mul(2).min(limit.saturating_add(1));
                if room <= buffer.len() {
                    return Some(Err(Undecodable::TooLarge));
                }
                buffer.resize(room, 0);
            }
            _ => return None,
        }
    }
}

/// The checksum of gzip (RFC 1952, section 8).
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |crc: u32, byte: &u8| {
        let at = usize::from(crc.to_le_bytes()[0] ^ byte);
        TABLE.get(at).copied().unwrap_or_default() ^ (crc >> 8)
    };
    !bytes.iter().fold(!0, step)
}

#[expect(clippy::indexing_slicing, reason = "in a constant, a wrong index does not compile")]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 256")]
        let mut value = at as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[at] = value;
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
