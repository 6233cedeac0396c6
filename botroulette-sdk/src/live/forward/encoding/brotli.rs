//! Brotli (RFC 7932).

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::Undecodable;

/// How much room an output grows by.
const ROOM: usize = 16 * 1024;

/// The body without its encoding. Windows above the standard's 16 MiB are refused; a smaller one is only as large as what it
/// holds.
pub(super) fn undone(body: &[u8], limit: usize) -> Result<Vec<u8>, Undecodable> {
    const BROKEN: Undecodable = Undecodable::Broken("br");
    let alloc = StandardAlloc::default;
    let mut state = BrotliState::new_strict(alloc(), alloc(), alloc());
    let (mut unread, mut read) = (body.len(), 0);
    let (mut out, mut written, mut total) = (Vec::new(), 0_usize, 0);
    loop {
        // One byte more than allowed shows that there is more.
        out.resize(written.saturating_add(ROOM).min(limit.saturating_add(1)), 0);
        let mut room = out.len().saturating_sub(written);
        let result = BrotliDecompressStream(
            &mut unread,
            &mut read,
            body,
            &mut room,
            &mut written,
            &mut out,
            &mut total,
            &mut state,
        );
        if written > limit {
            return Err(Undecodable::TooLarge);
        }
        match result {
            BrotliResult::ResultSuccess => {
                out.truncate(written);
                return Ok(out);
            }
            BrotliResult::NeedsMoreOutput => {}
            // All of it is there already.
            BrotliResult::NeedsMoreInput | BrotliResult::ResultFailure => return Err(BROKEN),
        }
    }
}
