//! Undoing a `Content-Encoding` (RFC 9110, 8.4.1), with a bound on what comes out.

mod brotli;
mod deflate;
mod zstd;

/// Encodings on top of each other are undone up to this many.
const MAX_LAYERS: usize = 4;
/// Why an encoded body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Undecodable {
    /// It is in an encoding that is not undone here.
    Unknown(String),
    /// It is not what its encoding says, or not whole.
    Broken(&'static str),
    /// It has more bytes than are allowed once it is decoded.
    TooLarge,
}

/// Undoes the encodings of a `Content-Encoding`, the last one first. Never holds more than `limit` decoded bytes a layer.
pub(super) fn undo(encodings: &str, body: Vec<u8>, limit: usize) -> Result<Vec<u8>, Undecodable> {
    let layers: Vec<&str> = encodings
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
        .collect();
    if layers.len() > MAX_LAYERS {
        return Err(Undecodable::Unknown(format!("{} encodings on top of each other", layers.len())));
    }
    let mut body = body;
    for name in layers.into_iter().rev() {
        body = match name.to_ascii_lowercase().as_str() {
            // There is nothing to undo in an answer without a body, such as one to HEAD.
            _ if body.is_empty() => body,
            "gzip" | "x-gzip" => deflate::gunzip(&body, limit)?,
            "deflate" => deflate::inflated(&body, limit)?,
            "br" => brotli::undone(&body, limit)?,
            "zstd" => zstd::undone(&body, limit)?,
            _ => return Err(Undecodable::Unknown(format!("the encoding `{name}`"))),
        };
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf '{"reply":"hi"}' | gzip -n | xxd -i`.
    const GZIP: &[u8] = &[
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xab, 0x56, 0x2a, 0x4a, 0x2d, 0xc8, 0xa9,
        0x54, 0xb2, 0x52, 0xca, 0xc8, 0x54, 0xaa, 0x05, 0x00, 0xab, 0x43, 0x6d, 0xc7, 0x0e, 0x00, 0x00, 0x00,
    ];
    const TEXT: &[u8] = br#"{"reply":"hi"}"#;
    /// TEXT by the reference encoder (`brotliCompressSync` of Node 20, which is Google's brotli 1.1.0).
    const BROTLI: &[u8] = b"\x8b\x06\x80{\"reply\":\"hi\"}\x03";
    /// LONG by the same.
    const LONG_BROTLI: &[u8] = &[
        0x1b, 0x9b, 0x01, 0xe0, 0x1d, 0x09, 0x76, 0xac, 0xc5, 0x0a, 0xc2, 0x9d, 0x87, 0x5a, 0x44, 0xc7, 0x6c,
        0x6f, 0xd1, 0xf5, 0x35, 0x08, 0xda, 0x1b, 0x1e, 0xd8, 0x80, 0x03, 0x87, 0xc0, 0x0a, 0x70, 0x62, 0x3d,
        0x6f, 0xaf, 0x50, 0xa7, 0xcc, 0x2d, 0xc4, 0x86, 0x58, 0xe2, 0x6d, 0xd6, 0x84, 0x02,
    ];
    /// TEXT by the reference encoder (`zstd` 1.5.4), with a checksum.
    const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd\x24\x0e\x71\0\0{\"reply\":\"hi\"}\x5c\x01\x31\x82";
    /// A frame that decoders skip (RFC 8878, section 3.1.2).
    const ZSTD_SKIPPED: &[u8] = b"\x50\x2a\x4d\x18\x03\0\0\0any";
    /// LONG by the same, `zstd -19`.
    const LONG_ZSTD: &[u8] = &[
        0x28, 0xb5, 0x2f, 0xfd, 0x64, 0x9c, 0x00, 0x45, 0x01, 0x00, 0x04, 0x02, 0x7b, 0x22, 0x72, 0x65, 0x70,
        0x6c, 0x79, 0x22, 0x3a, 0x22, 0x74, 0x68, 0x65, 0x20, 0x71, 0x75, 0x69, 0x63, 0x6b, 0x20, 0x62, 0x72,
        0x6f, 0x77, 0x6e, 0x20, 0x66, 0x6f, 0x78, 0x20, 0x22, 0x7d, 0x01, 0x00, 0xe6, 0x9d, 0x3a, 0x9d, 0x0c,
        0x26, 0xd8, 0x59,
    ];
    /// 50 MiB of the letter x by Google's brotli.
    const BROTLI_BOMB: &[u8] = &[
        0xcb, 0xff, 0xff, 0x3f, 0xf8, 0x25, 0xf0, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x8f, 0xff, 0xff, 0x7f,
        0xf0, 0x4b, 0x00, 0xc4, 0x61, 0x11, 0x80, 0xee, 0xfd, 0x1f, 0xff, 0xff, 0xff, 0xe0, 0x97, 0x00, 0x88,
        0xc3, 0x02, 0x00, 0xdd, 0xfb, 0x3f, 0xfe, 0xff, 0xff, 0xc1, 0x2f, 0x01, 0x10, 0x87, 0x05, 0x00, 0xba,
        0xf7, 0x7f, 0xfc, 0xff, 0xff, 0x83, 0x5f, 0x02, 0x20, 0x0e, 0x0b, 0x00, 0x74, 0xef, 0xff, 0xf8, 0xff,
        0xff, 0x07, 0xbf, 0x04, 0x40, 0x1c, 0x16, 0x00, 0xe8, 0xde, 0xff, 0xe5, 0xff, 0xff, 0x07, 0x7e, 0x09,
        0x80, 0x38, 0x2c, 0x00, 0xd0, 0xbd, 0xff, 0x00,
    ];

    fn long() -> Vec<u8> {
        format!("{{\"reply\":\"{}\"}}", "the quick brown fox ".repeat(20)).into_bytes()
    }

    fn raw() -> &'static [u8] {
        &GZIP[10..GZIP.len() - 8]
    }

    fn zlib() -> Vec<u8> {
        // The Adler-32 of TEXT.
        let (mut a, mut b) = (1_u32, 0_u32);
        for byte in TEXT {
            a = (a + u32::from(*byte)) % 65_521;
            b = (b + a) % 65_521;
        }
        [&[0x78, 0x9c], raw(), &(b << 16 | a).to_be_bytes()].concat()
    }

    #[test]
    fn each_encoding_is_undone_and_so_are_several() {
        for (encoding, body) in [
            ("", TEXT.to_vec()),
            ("identity", TEXT.to_vec()),
            ("gzip", GZIP.to_vec()),
            ("X-GZIP", GZIP.to_vec()),
            ("deflate", zlib()),
            ("deflate", raw().to_vec()),
            ("identity, gzip", GZIP.to_vec()),
            ("br", BROTLI.to_vec()),
            ("zstd", ZSTD.to_vec()),
            ("zstd", [ZSTD_SKIPPED, ZSTD].concat()),
        ] {
            assert_eq!(undo(encoding, body, 100).as_deref(), Ok(TEXT), "{encoding}");
        }
        assert_eq!(undo("gzip", [GZIP, GZIP].concat(), 100).unwrap(), [TEXT, TEXT].concat());
        assert_eq!(undo("gzip", GZIP.repeat(1_001), 1 << 20), Err(Undecodable::Broken("gzip")));
        assert_eq!(undo("gzip", Vec::new(), 100).as_deref(), Ok(&b""[..]));
        assert_eq!(undo("BR", LONG_BROTLI.to_vec(), 412).unwrap(), long());
        assert_eq!(undo("zstd", LONG_ZSTD.to_vec(), 412).unwrap(), long());
        assert_eq!(
            undo("zstd", [ZSTD, LONG_ZSTD].concat(), 1_000).unwrap(),
            [TEXT.to_vec(), long()].concat()
        );
        // With a name, a comment, an extra field and a header checksum.
        let header: &[u8] = b"\x1f\x8b\x08\x1e\0\0\0\0\0\x03\x02\0xyname\0comment\0\0\0";
        let body = [header, &GZIP[10..]].concat();
        assert_eq!(undo("gzip", body, 100).as_deref(), Ok(TEXT));
    }

    #[test]
    fn what_is_broken_or_unknown_or_too_large_is_told_and_never_panics() {
        let unknown = Undecodable::Unknown("the encoding `compress`".to_owned());
        assert_eq!(undo("compress", TEXT.to_vec(), 100), Err(unknown));
        assert!(matches!(undo("gzip,gzip,gzip,gzip,gzip", GZIP.to_vec(), 9), Err(Undecodable::Unknown(_))));
        for (name, whole) in [("gzip", GZIP), ("br", BROTLI), ("zstd", ZSTD)] {
            assert_eq!(undo(name, whole.to_vec(), TEXT.len() - 1), Err(Undecodable::TooLarge), "{name}");
            assert_eq!(undo(name, whole.to_vec(), TEXT.len()).as_deref(), Ok(TEXT), "{name}");
            for length in 1..whole.len() {
                let part = whole[..length].to_vec();
                assert_eq!(undo(name, part, 100), Err(Undecodable::Broken(name)), "{name} {length}");
            }
        }
        for whole in [GZIP, BROTLI, LONG_BROTLI, ZSTD, LONG_ZSTD] {
            for (at, bit) in (0..whole.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
                let mut body = whole.to_vec();
                body[at] ^= 1 << bit;
                for name in ["gzip", "deflate", "br", "zstd"] {
                    let _ = undo(name, body.clone(), 1_000);
                }
            }
        }
        // A window of 2 GiB, which would have to be allocated.
        let greedy = b"\x28\xb5\x2f\xfd\x00\xa8\x71\0\0{\"reply\":\"hi\"}".to_vec();
        assert_eq!(undo("zstd", greedy, 100), Err(Undecodable::Broken("zstd")));
        assert!(undo("deflate", TEXT.to_vec(), 100).is_err());
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        // Stored blocks cannot bomb; a block of one repeated byte can: 258 bytes a code.
        let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![b'x'; 50 << 20], 6);
        assert!(bomb.len() < 100_000);
        assert_eq!(undo("deflate", bomb, 1 << 20), Err(Undecodable::TooLarge));
        assert_eq!(undo("br", BROTLI_BOMB.to_vec(), 1 << 20), Err(Undecodable::TooLarge));
        // 400 blocks that each say "128 KiB of x" (RFC 8878, section 3.1.1.2).
        let header: &[u8] = b"\x28\xb5\x2f\xfd\x00\x58";
        let block = b"\x02\x00\x10x".repeat(400);
        let bomb = [header, &block, b"\x03\x00\x10x"].concat();
        assert_eq!(undo("zstd", bomb, 1 << 20), Err(Undecodable::TooLarge));
    }
}
