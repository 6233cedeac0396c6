//! A body's bytes as text, as its `Content-Type` says.

/// The windows-1252 characters of 0x80 to 0x9f, where it is not Latin-1 (WHATWG Encoding, "windows-1252"). By that standard
/// the label `iso-8859-1` means windows-1252 too.
const WINDOWS_1252: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}',
    '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}',
    '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];

/// The bytes as text.
///
/// # Errors
/// What they are instead, in words.
pub(super) fn text(content_type: &str, body: Vec<u8>) -> Result<String, String> {
    let charset = charset(content_type);
    let text = match charset.as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii" | "ascii") => utf8(body)?,
        Some("iso-8859-1" | "iso8859-1" | "latin1" | "latin-1" | "windows-1252" | "cp1252") => {
            body.into_iter().map(from_windows_1252).collect()
        }
        Some("utf-16le") => utf16(&body, u16::from_le_bytes)?,
        Some("utf-16be") => utf16(&body, u16::from_be_bytes)?,
        Some("utf-16") => match body.strip_prefix(&[0xfe, 0xff]) {
            Some(rest) => utf16(rest, u16::from_be_bytes)?,
            None => utf16(&body, u16::from_le_bytes)?,
        },
        Some(other) => {
            return Err(format!("text in the charset `{}`", sdk_core::wire::excerpt(other)));
        }
    };
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    };
    if text.contains('\0') { Err("bytes that are not text".to_owned()) } else { Ok(text) }
}

fn utf8(body: Vec<u8>) -> Result<String, String> {
    String::from_utf8(body).map_err(|error| {
        format!("bytes that are not text (not UTF-8 from byte {} on)", error.utf8_error().valid_up_to())
    })
}

fn utf16(body: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, String> {
    let broken = || "bytes that are not UTF-16, which its charset says".to_owned();
    let (pairs, []) = body.as_chunks::<2>() else { return Err(broken()) };
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<_, _>>().map_err(|_| broken())
}

fn from_windows_1252(byte: u8) -> char {
    let special = byte.checked_sub(0x80).and_then(|at| WINDOWS_1252.get(usize::from(at)));
    special.copied().unwrap_or(char::from(byte))
}

/// The parameter `charset`, in lower case.
fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_ascii_lowercase())
    })
}

/// Whether the type says that it is no text: pictures, sounds, films and typefaces. Everything else is judged by its bytes.
pub(super) fn is_media(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    ["image/", "audio/", "video/", "font/"].iter().any(|prefix| kind.starts_with(prefix))
        && !kind.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_its_charset() {
        for (content_type, bytes, expected) in [
            ("application/json", "caf\u{e9} 🦀".as_bytes(), "café 🦀"),
            ("text/plain; charset=UTF-8", b"\xef\xbb\xbfhi", "hi"),
            ("text/plain;charset=iso-8859-1", b"caf\xe9 \x80", "café €"),
            ("text/plain; format=flowed; Charset=\"Latin1\"", b"\xfc", "ü"),
            ("text/plain; charset=utf-16le", b"h\0i\0", "hi"),
            ("text/plain; charset=utf-16", b"\xfe\xff\0h\0i", "hi"),
            ("text/plain; charset=utf-16", b"\xff\xfeh\0i\0", "hi"),
            ("", b"", ""),
        ] {
            assert_eq!(text(content_type, bytes.to_vec()).as_deref(), Ok(expected), "{content_type}");
        }
    }

    #[test]
    fn what_is_no_text_is_never_guessed() {
        let every_byte: Vec<u8> = (0..=255).collect();
        for (content_type, bytes) in [
            ("application/octet-stream", every_byte.clone()),
            ("application/json", b"caf\xe9".to_vec()),
            ("text/plain; charset=koi8-r", b"hi".to_vec()),
            ("text/plain; charset=utf-16le", b"odd".to_vec()),
            ("text/plain; charset=utf-16le", b"\0\xd8".to_vec()),
            ("text/plain; charset=latin1", every_byte),
        ] {
            assert!(text(content_type, bytes).is_err(), "{content_type}");
        }
        assert!(is_media("Image/PNG") && !is_media("image/svg+xml") && !is_media("application/json"));
    }
}
