//! The platform's side, by hand over a blocking socket: it must cost as little as possible, and nothing of the SDK's.
//!
//! The connection's path says what is asked: `/COUNT/AT_ONCE`, or `/COUNT/AT_ONCE/slow` for one request more that takes 10 s.
//! When the last quick one is answered, it closes and prints `CPU_NS P50_NS P99_NS`.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::Outcome;
use crate::process::Usage;

const AUTH_OK: &str = r#"{"type":"auth_ok","tunnel_url":"http://127.0.0.1"}"#;
/// A close frame with code 1000.
const GOODBYE: [u8; 4] = [0x88, 2, 0x03, 0xe8];
/// The message of the one request that takes long.
pub(crate) const SLOW: &str = "slow";
/// The message of the others: 64 bytes, as a short line of talk.
const QUICK: &str = "Hello there, what can you do? I like recipes, rain and old code.";

/// Serves until standard input ends, which it does with the process that started this one.
pub(crate) fn serve() -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Err(error) = converse(stream) {
                eprintln!("tunnel: the relay lost a client: {error}");
                println!("0 0 0");
            }
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn converse(stream: TcpStream) -> Outcome<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut peer = Peer { stream, read: vec![0; 256 * 1024], filled: 0, taken: 0 };
    let path = peer.upgrade()?;
    let mut parts = path.trim_start_matches('/').split('/');
    let count: usize = parts.next().unwrap_or_default().parse()?;
    let at_once: usize = parts.next().unwrap_or_default().parse()?;
    let slow = parts.next() == Some("slow");
    // The key.
    peer.next_frame(|_| ())?;
    let mut out = Vec::with_capacity(256 * 1024);
    frame(AUTH_OK, &mut out);
    peer.stream.write_all(&out)?;

    let began = Usage::now();
    out.clear();
    if slow {
        frame(&request(count, SLOW), &mut out);
    }
    let mut sent = vec![Instant::now(); count];
    let mut took = Vec::with_capacity(count);
    let mut next = 0;
    while next < at_once.min(count) {
        frame(&request(next, QUICK), &mut out);
        next += 1;
    }
    sent.fill(Instant::now());
    peer.stream.write_all(&out)?;
    while took.len() < count {
        out.clear();
        let first = next;
        // Every answer that has arrived is followed by the next request, all in one write.
        loop {
            let Some(id) = peer.next_frame(id_of_answer)? else { return Err("the client left".into()) };
            if let Some(id) = id {
                took.push(sent[id].elapsed());
                if next < count {
                    frame(&request(next, QUICK), &mut out);
                    next += 1;
                }
            }
            if !peer.has_frame() {
                break;
            }
        }
        if !out.is_empty() {
            sent[first..next].fill(Instant::now());
            peer.stream.write_all(&out)?;
        }
    }
    let used = began.elapsed();
    peer.stream.write_all(&GOODBYE)?;
    while peer.next_frame(|_| ())?.is_some() {}
    took.sort_unstable();
    let at = |part: usize| took[(count * part / 100).min(count - 1)].as_nanos();
    println!("{} {} {}", used.cpu.unwrap_or_default().as_nanos(), at(50), at(99));
    Ok(())
}

/// A request as the platform sends it, with the documented headers.
fn request(id: usize, message: &str) -> String {
    format!(
        r#"{{"type":"request","id":"{id:08}","method":"POST","path":"/","query_string":"","headers":{{"Content-Type":"application/json","X-KPATH-Session-ID":"sess-1","X-KPATH-Request-ID":"req-{id:08}","X-KPATH-User-Token":"dXNlcjE=.abc123","X-KPATH-Privacy-Level":"0","X-KPATH-Message-ID":"msg-{id:08}"}},"body":"{{\"message\":\"{message}\"}}"}}"#
    )
}

/// The id of a good answer; every client writes its frames in this order.
fn id_of_answer(payload: &[u8]) -> Option<usize> {
    let rest = payload.strip_prefix(br#"{"type":"response","id":""#)?;
    let (id, rest) = rest.split_at_checked(8)?;
    if !rest.starts_with(br#"","status":200,"#) {
        eprintln!("tunnel: not what was asked for: {}", String::from_utf8_lossy(payload));
        return None;
    }
    std::str::from_utf8(id).ok()?.parse().ok()
}

/// A text frame of a server.
fn frame(text: &str, out: &mut Vec<u8>) {
    out.push(0x81);
    match text.len() {
        short @ 0..=125 => out.push(short as u8),
        long => {
            out.push(126);
            out.extend_from_slice(&(long as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(text.as_bytes());
}

/// One client's connection.
struct Peer {
    stream: TcpStream,
    read: Vec<u8>,
    filled: usize,
    taken: usize,
}

impl Peer {
    /// Answers the upgrade, and returns the path that was asked for.
    fn upgrade(&mut self) -> Outcome<String> {
        let end = loop {
            let head = &self.read[..self.filled];
            if let Some(at) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            match self.stream.read(&mut self.read[self.filled..])? {
                0 => return Err("the client left before the upgrade".into()),
                count => self.filled += count,
            }
        };
        // The first frame may have come with the request.
        self.taken = end;
        let text = std::str::from_utf8(&self.read[..end])?;
        let path = text.split(' ').nth(1).ok_or("a request without a path")?.to_owned();
        let key = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"))
            .map(|(_, key)| key.trim())
            .ok_or("a request without a key")?;
        let accept = derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        self.stream.write_all(answer.as_bytes())?;
        Ok(path)
    }

    /// Hands the next text frame's payload to `look`; `None` when the client is gone. Other frames give `look` nothing.
    fn next_frame<T: Default>(&mut self, look: impl FnOnce(&[u8]) -> T) -> Outcome<Option<T>> {
        loop {
            if let Some((payload, end)) = self.whole_frame() {
                let opcode = self.read[self.taken] & 0x0f;
                let mask: [u8; 4] = self.read[payload.start - 4..payload.start].try_into()?;
                let bytes = &mut self.read[payload];
                for (at, byte) in bytes.iter_mut().enumerate() {
                    *byte ^= mask[at % 4];
                }
                let seen = if opcode == 1 { look(bytes) } else { T::default() };
                self.taken = end;
                return Ok(Some(seen));
            }
            self.read.copy_within(self.taken..self.filled, 0);
            self.filled -= self.taken;
            self.taken = 0;
            if self.filled == self.read.len() {
                return Err("a frame that is larger than expected".into());
            }
            match self.stream.read(&mut self.read[self.filled..]) {
                Ok(0) => return Ok(None),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn has_frame(&self) -> bool {
        self.whole_frame().is_some()
    }

    /// Where the payload of the first frame lies, and where the frame ends, if all of it has arrived. A client's frames
    /// are masked, and none here is longer than 65,535 bytes.
    fn whole_frame(&self) -> Option<(std::ops::Range<usize>, usize)> {
        let bytes = &self.read[self.taken..self.filled];
        let (len, head) = match bytes.get(1)? & 0x7f {
            126 => (usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])), 8),
            short => (usize::from(short), 6),
        };
        let start = self.taken + head;
        (start + len <= self.filled).then_some((start..start + len, start + len))
    }
}
