//! The request as the local server gets it.

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::Full;

use crate::live::incoming::Incoming;
use crate::model::header::API_KEY;

/// Why a request is not passed on: the answer's status and words.
pub(super) type Refused = (u16, &'static str);

/// Builds it. Scheme and authority are the target's; method, path, query, headers and body are the request's own.
pub(super) fn request(
    incoming: &Incoming,
    authority: &Authority,
    trusts_forwarded: bool,
) -> Result<Request<Full<Bytes>>, Refused> {
    let method = Method::from_bytes(incoming.method().as_bytes()).map_err(|_| (400, "invalid method"))?;
    if method == Method::CONNECT {
        // It asks for a connection to somewhere else.
        return Err((405, "method not allowed"));
    }
    let path = path_and_query(incoming.path(), incoming.query());
    let path = PathAndQuery::try_from(path).map_err(|_| (414, "path too long"))?;
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority.clone());
    parts.path_and_query = Some(path);
    let uri = Uri::from_parts(parts).map_err(|_| (400, "invalid path"))?;

    let mut request = Request::new(Full::new(Bytes::copy_from_slice(incoming.body().as_bytes())));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    let named = named_by_connection(incoming.headers());
    for (name, value) in incoming.headers() {
        if passes(name, trusts_forwarded) && !named.contains(name) {
            headers.append(name, value.clone());
        }
    }
    if let Ok(host) = HeaderValue::try_from(authority.as_str()) {
        headers.insert(header::HOST, host);
    }
    // On one machine compression is work for nothing.
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if !incoming.body().is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(request)
}

/// Whether a request's header goes on to the local server. Those of the connection stay (RFC 9110, 7.6.1), those that say
/// how long the body is and whom it is for are made anew, and what frameworks take for the word of a trusted proxy
/// (`X-Forwarded-*`) is a stranger's here.
fn passes(name: &HeaderName, trusts_forwarded: bool) -> bool {
    const HELD_BACK: [HeaderName; 14] = [
        header::CONNECTION,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::CONTENT_LENGTH,
        header::HOST,
        header::EXPECT,
        header::ACCEPT_ENCODING,
        // Nobody sends it here; if the platform ever did, it would be a key.
        API_KEY,
    ];
    let claims_a_proxy = || {
        name == header::FORWARDED || name.as_str() == "x-real-ip" || name.as_str().starts_with("x-forwarded-")
    };
    !HELD_BACK.contains(name) && (trusts_forwarded || !claims_a_proxy())
}

/// The headers that a `Connection` header names: they belong to the connection too.
pub(super) fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect()
}

/// The path and query as they stand in a request line: one slash in front, and whatever has no place there encoded. What is
/// encoded already stays as it came.
fn path_and_query(path: &str, query: &str) -> String {
    let mut line = String::with_capacity(path.len() + query.len() + 2);
    line.push('/');
    // `//host` in front would be another server's address to some.
    encode(path.trim_start_matches(['/', '\\']), |byte| byte == b'?', &mut line);
    if !query.is_empty() {
        line.push('?');
        encode(query, |_| false, &mut line);
    }
    line
}

fn encode(text: &str, is_special: impl Fn(u8) -> bool, line: &mut String) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let hex = |digit: u8| HEX.get(usize::from(digit)).copied().unwrap_or('0');
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().copied().enumerate() {
        let stays = match byte {
            b'%' => {
                let digits = bytes.get(at + 1..at + 3);
                digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            }
            b'"' | b'#' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
            _ => byte.is_ascii_graphic() && !is_special(byte),
        };
        if stays {
            line.push(char::from(byte));
        } else {
            line.extend(['%', hex(byte >> 4), hex(byte & 0x0f)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_path_says_the_line_begins_with_one_slash_and_stays_one_line() {
        for (path, query, line) in [
            ("/", "", "/"),
            ("", "", "/"),
            ("/api/chat", "lang=en&x=a%20b", "/api/chat?lang=en&x=a%20b"),
            ("@evil.example/x", "", "/@evil.example/x"),
            ("//evil.example/x", "", "/evil.example/x"),
            ("/\\evil.example", "", "/evil.example"),
            ("\\\\evil.example\\x", "", "/evil.example%5Cx"),
            ("http://evil.example/x", "", "/http://evil.example/x"),
            (":80/x", "", "/:80/x"),
            ("/%2f%2fevil.example", "", "/%2f%2fevil.example"),
            ("/..%2f..%2fetc", "", "/..%2f..%2fetc"),
            ("/a b\r\nHost: evil.example", "", "/a%20b%0D%0AHost:%20evil.example"),
            ("/x#y", "a#b c\r\n", "/x%23y?a%23b%20c%0D%0A"),
            ("/ü🦀\0\u{7f}", "", "/%C3%BC%F0%9F%A6%80%00%7F"),
            ("/100%", "%zz", "/100%25?%25zz"),
            ("/a?b", "", "/a%3Fb"),
        ] {
            assert_eq!(path_and_query(path, query), line, "{path:?}");
        }
    }
}
