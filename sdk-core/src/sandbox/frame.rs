//! WebSocket frames of a server (RFC 6455), read strictly and written as asked, right or wrong.
//!
//! A WebSocket library keeps its promises; a sandbox has to break them: withhold a pong, send a masked frame, tear one.

use bytes::{Buf, BufMut, Bytes, BytesMut};

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
const CONTINUATION: u8 = 0x0;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

/// What a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(String),
    Binary(Vec<u8>),
    Ping(Bytes),
    Pong,
    Close(Option<(u16, String)>),
}

/// How a client broke the protocol: the close code and the reason to answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Violation(pub(crate) u16, pub(crate) &'static str);

/// Turns bytes into messages. Pure: feed [`Decoder::buffer`], ask [`Decoder::next`].
#[derive(Debug)]
pub(crate) struct Decoder {
    pub(crate) buffer: BytesMut,
    /// The opcode and payload of a message whose fragments are not all there yet.
    partial: Option<(u8, BytesMut)>,
    limit: usize,
}

impl Decoder {
    pub(crate) fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), partial: None, limit }
    }

    /// The next message that is wholly there.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, Violation> {
        while let Some((first, payload)) = self.next_frame()? {
            let (last, opcode) = (first & FIN != 0, first & 0x0f);
            if opcode >= CLOSE {
                return control(opcode, payload).map(Some);
            }
            let (opcode, payload) = match (self.partial.take(), opcode) {
                (None, CONTINUATION) => return Err(Violation(1002, "a continuation of nothing")),
                (Some(_), TEXT | BINARY) => {
                    return Err(Violation(1002, "a new message inside a fragmented one"));
                }
                (Some((opcode, mut partial)), _) => {
                    partial.unsplit(payload);
                    (opcode, partial)
                }
                (None, opcode) => (opcode, payload),
            };
            if payload.len() > self.limit {
                return Err(Violation(1009, "the message is larger than the limit"));
            }
            if !last {
                self.partial = Some((opcode, payload));
                continue;
            }
            return if opcode == TEXT {
                let text = String::from_utf8(payload.into());
                text.map(|text| Some(Frame::Text(text)))
                    .map_err(|_| Violation(1007, "a text message that is not UTF-8"))
            } else {
                Ok(Some(Frame::Binary(payload.into())))
            };
        }
        Ok(None)
    }

    /// The next frame that is wholly there, unmasked: its first byte and its payload.
    fn next_frame(&mut self) -> Result<Option<(u8, BytesMut)>, Violation> {
        let mut header = &self.buffer[..];
        let before = header.len();
        if header.len() < 2 {
            return Ok(None);
        }
        let (first, second) = (header.get_u8(), header.get_u8());
        let opcode = first & 0x0f;
        if first & RESERVED != 0 {
            return Err(Violation(1002, "a reserved bit is set"));
        }
        if !matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG) {
            return Err(Violation(1002, "an unknown opcode"));
        }
        if second & MASKED == 0 {
            return Err(Violation(1002, "a client's frame must be masked"));
        }
        let length = match second & !MASKED {
            126 => match header.try_get_u16() {
                Ok(length) => u64::from(length),
                Err(_) => return Ok(None),
            },
            127 => match header.try_get_u64() {
                Ok(length) => length,
                Err(_) => return Ok(None),
            },
            length => u64::from(length),
        };
        if opcode >= CLOSE && (first & FIN == 0 || length > 125) {
            return Err(Violation(1002, "a control frame that is fragmented or too long"));
        }
        let length = match usize::try_from(length) {
            Ok(length) if length <= self.limit => length,
            _ => return Err(Violation(1009, "the frame is larger than the limit")),
        };
        if header.len() < 4 + length {
            return Ok(None);
        }
        let mut mask = [0; 4];
        header.copy_to_slice(&mut mask);
        self.buffer.advance(before - header.len());
        let mut payload = self.buffer.split_to(length);
        for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        Ok(Some((first, payload)))
    }
}

fn control(opcode: u8, mut payload: BytesMut) -> Result<Frame, Violation> {
    match opcode {
        PING => Ok(Frame::Ping(payload.freeze())),
        PONG => Ok(Frame::Pong),
        _ if payload.is_empty() => Ok(Frame::Close(None)),
        _ => {
            let code = payload.try_get_u16().map_err(|_| Violation(1002, "a close code of one byte"))?;
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return Err(Violation(1002, "a close code that must not be sent"));
            }
            let reason = String::from_utf8(payload.into());
            let reason = reason.map_err(|_| Violation(1007, "a close reason that is not UTF-8"))?;
            Ok(Frame::Close(Some((code, reason))))
        }
    }
}

/// A whole message in one frame.
pub(crate) fn message(opcode: u8, payload: &[u8]) -> Bytes {
    raw(FIN | opcode, payload)
}

pub(crate) fn pong(payload: &[u8]) -> Bytes {
    raw(FIN | PONG, payload)
}

pub(crate) fn close(code: u16, reason: &str) -> Bytes {
    let mut payload = BytesMut::with_capacity(2 + reason.len());
    payload.put_u16(code);
    payload.put_slice(reason.as_bytes());
    raw(FIN | CLOSE, &payload)
}

/// An answer to a close frame without a code.
pub(crate) fn close_without_code() -> Bytes {
    raw(FIN | CLOSE, &[])
}

/// A text frame with the first reserved bit set.
pub(crate) fn with_reserved_bit(payload: &[u8]) -> Bytes {
    raw(FIN | 0x40 | TEXT, payload)
}

/// A frame with an opcode that the RFC keeps for later.
pub(crate) fn with_unknown_opcode(payload: &[u8]) -> Bytes {
    raw(FIN | 0x3, payload)
}

/// A text frame with a mask, which is a client's privilege. `payload` has at most 125 bytes.
pub(crate) fn masked(payload: &[u8]) -> Bytes {
    let mask = [0x5a, 0xa5, 0x0f, 0xf0];
    let mut frame = BytesMut::with_capacity(payload.len() + 6);
    frame.put_u8(FIN | TEXT);
    frame.put_u8(MASKED | u8::try_from(payload.len().min(125)).unwrap_or(125));
    frame.put_slice(&mask);
    frame.extend(payload.iter().take(125).zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame.freeze()
}

/// One message in as many fragments as its payload has bytes.
pub(crate) fn one_byte_fragments(payload: &[u8]) -> Bytes {
    let mut frames = BytesMut::with_capacity(payload.len() * 3);
    for (index, byte) in payload.iter().enumerate() {
        let fin = if index + 1 == payload.len() { FIN } else { 0 };
        let opcode = if index == 0 { TEXT } else { CONTINUATION };
        frames.put_slice(&[fin | opcode, 1, *byte]);
    }
    frames.freeze()
}

fn raw(first: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(payload.len() + 10);
    frame.put_u8(first);
    match payload.len() {
        short @ 0..=125 => frame.put_u8(short.try_into().unwrap_or(125)),
        medium @ 126..=0xffff => {
            frame.put_u8(126);
            frame.put_u16(medium.try_into().unwrap_or(u16::MAX));
        }
        long => {
            frame.put_u8(127);
            frame.put_u64(long as u64);
        }
    }
    frame.put_slice(payload);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6455, section 5.7: "A single-frame masked text message (contains "Hello")".
    const HELLO: [u8; 11] = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];

    fn decode(bytes: &[u8]) -> Result<Option<Frame>, Violation> {
        let mut decoder = Decoder::new(1024);
        decoder.buffer.extend_from_slice(bytes);
        decoder.next()
    }

    /// A client's frame with a mask of zeros, which leaves the payload readable.
    fn sent(first: u8, payload: &[u8]) -> Vec<u8> {
        let plain = raw(first, payload);
        let head = plain.len() - payload.len();
        let mut frame = plain[..head].to_vec();
        frame[1] |= MASKED;
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(payload);
        frame
    }

    #[test]
    fn the_examples_of_the_rfc() {
        assert_eq!(decode(&HELLO), Ok(Some(Frame::Text("Hello".into()))));
        assert_eq!(&message(TEXT, b"Hello")[..], [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        let masked_pong = [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(decode(&masked_pong), Ok(Some(Frame::Pong)));
        assert_eq!(&message(BINARY, &[0; 256])[..4], [0x82, 0x7e, 0x01, 0x00]);
        assert_eq!(&message(BINARY, &[0; 65536])[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn bytes_may_arrive_one_by_one() {
        let mut decoder = Decoder::new(1024);
        for byte in &HELLO[..10] {
            decoder.buffer.put_u8(*byte);
            assert_eq!(decoder.next(), Ok(None));
        }
        decoder.buffer.put_u8(HELLO[10]);
        assert_eq!(decoder.next(), Ok(Some(Frame::Text("Hello".into()))));
    }

    #[test]
    fn fragments_are_joined_around_a_ping() {
        let mut decoder = Decoder::new(1024);
        for frame in [sent(TEXT, b"Hel"), sent(FIN | PING, b"?"), sent(FIN | CONTINUATION, b"lo")] {
            decoder.buffer.extend_from_slice(&frame);
        }
        assert_eq!(decoder.next(), Ok(Some(Frame::Ping(Bytes::from_static(b"?")))));
        assert_eq!(decoder.next(), Ok(Some(Frame::Text("Hello".into()))));
        assert_eq!(decoder.next(), Ok(None));
    }

    #[test]
    fn every_violation_has_its_close_code() {
        let code = |bytes: &[u8]| decode(bytes).unwrap_err().0;
        assert_eq!(code(&message(TEXT, b"unmasked")), 1002);
        assert_eq!(code(&sent(FIN | 0x40 | TEXT, b"")), 1002);
        assert_eq!(code(&sent(FIN | 0x3, b"")), 1002);
        assert_eq!(code(&sent(PING, b"fragmented")), 1002);
        assert_eq!(code(&sent(FIN | PING, &[0; 126])), 1002);
        assert_eq!(code(&sent(FIN | CONTINUATION, b"of nothing")), 1002);
        assert_eq!(code(&[sent(TEXT, b"a"), sent(FIN | TEXT, b"b")].concat()), 1002);
        assert_eq!(code(&sent(FIN | TEXT, &[0xff])), 1007);
        assert_eq!(code(&sent(FIN | TEXT, &[b'x'; 1025])), 1009);
        assert_eq!(code(&[sent(TEXT, &[b'x'; 1000]), sent(FIN, &[b'x'; 25])].concat()), 1009);
        assert_eq!(code(&sent(FIN | CLOSE, &[3])), 1002);
        assert_eq!(code(&sent(FIN | CLOSE, &1005_u16.to_be_bytes())), 1002);
        assert_eq!(code(&sent(FIN | CLOSE, &[3, 0xe8, 0xff])), 1007);
        // A length that no machine could hold is refused from its header alone.
        assert_eq!(code(&[0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), 1009);
    }
}
