//! Zstandard (RFC 8878). Its checksum is left unread: the body came over a connection that has one of its own.

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::Undecodable;

/// A body may refer back this far at most (RFC 9659, section 3): 8 MiB, or the body's limit where that is more, because a
/// body in one segment may refer to all of itself.
const MAX_WINDOW: usize = 8 << 20;
/// Blocks are decoded until they have given this much, and then looked at.
const STEP: usize = 64 * 1024;
/// A body of more frames is taken for broken: each costs more than its few bytes.
const MAX_FRAMES: usize = 1_000;

/// The body without its encoding: every frame of it.
pub(super) fn undone(body: &[u8], limit: usize) -> Result<Vec<u8>, Undecodable> {
    const BROKEN: Undecodable = Undecodable::Broken("zstd");
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(limit.max(MAX_WINDOW) as u64);
    let (mut rest, mut out) = (body, Vec::new());
    for _ in 0..MAX_FRAMES {
        match decoder.reset(&mut rest) {
            Ok(()) => {}
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let length = usize::try_from(length).map_err(|_| BROKEN)?;
                rest = rest.get(length..).ok_or(BROKEN)?;
                if rest.is_empty() {
                    return Ok(out);
                }
                continue;
            }
            Err(_) => return Err(BROKEN),
        }
        while !decoder.is_finished() {
            let step = BlockDecodingStrategy::UptoBytes(STEP);
            decoder.decode_blocks(&mut rest, step).map_err(|_| BROKEN)?;
            decoder.collect_to_writer(&mut out).map_err(|_| BROKEN)?;
            if out.len() > limit {
                return Err(Undecodable::TooLarge);
            }
        }
        if rest.is_empty() {
            return Ok(out);
        }
    }
    Err(BROKEN)
}
