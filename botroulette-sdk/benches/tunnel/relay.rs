//! The platform's side, by hand over a blocking socket: it must cost as little as possible, and nothing of the SDK's.
//!
//! The connection's path says what is asked. `/COUNT/AT_ONCE`: so many requests, so many of them outstanding. When the last
//! is answered, it closes and prints `CPU_NS P50_NS P99_NS`.
//!
//! `/pair/AT_ONCE/alone` and `/pair/AT_ONCE/slow` belong together, two clients at a time: the second one is asked something
//! that takes 10 s, and until it answers that, both are asked quick ones in turn, a block of [`BLOCK`] each. It prints `BLOCKS
//! ALONE_P99_NS BESIDE_P99_NS`, the medians over each one's blocks.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
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
/// Its id, which no other has.
const SLOW_ID: usize = 99_999_999;
/// The message of the others: 64 bytes, as a short line of talk.
const QUICK: &str = "Hello there, what can you do? I like recipes, rain and old code.";

/// How many requests a block has. Its 99th percentile is the fiftieth from the top.
const BLOCK: usize = 5_000;
/// The one of a pair that came first, and waits for the other.
static FIRST: Mutex<Option<Peer>> = Mutex::new(None);

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
    let mut peer = Peer { stream, read: vec![0; 256 * 1024], filled: 0, taken: 0, asked: 0 };
    let path = peer.upgrade()?;
    // The key.
    peer.next_frame(|_| ())?;
    let mut out = Vec::new();
    frame(AUTH_OK, &mut out);
    peer.stream.write_all(&out)?;

    match *path.trim_start_matches('/').split('/').collect::<Vec<_>>() {
        ["pair", _, "alone"] => {
            FIRST.lock().map_err(|_| "a pair failed")?.replace(peer);
            Ok(())
        }
        ["pair", at_once, _] => {
            let alone = FIRST.lock().map_err(|_| "a pair failed")?.take().ok_or("half a pair")?;
            pair(alone, peer, at_once.parse()?)
        }
        [count, at_once] => {
            let began = Usage::now();
            let mut took = peer.ask(count.parse()?, at_once.parse()?)?;
            let used = began.elapsed();
            peer.close()?;
            took.sort_unstable();
            let (p50, p99) = (percentile(&took, 50), percentile(&took, 99));
            println!("{} {p50} {p99}", used.cpu.unwrap_or_default().as_nanos());
            Ok(())
        }
        _ => Err(format!("nothing is asked by {path}").into()),
    }
}

/// Asks two clients in turn, one of which has something slow to do beside.
fn pair(mut alone: Peer, mut beside: Peer, at_once: usize) -> Outcome<()> {
    let mut out = Vec::new();
    frame(&request(SLOW_ID, SLOW), &mut out);
    beside.stream.write_all(&out)?;
    let asked = Instant::now();
    let (mut of_alone, mut of_beside) = (Vec::new(), Vec::new());
    // It ends a little early, so that the slow one is outstanding all the time.
    while asked.elapsed() < Duration::from_millis(9_500) {
        // Whoever comes second has the warmer caches.
        let is_odd = of_alone.len() % 2 == 1;
        let mut block = [(&mut alone, &mut of_alone), (&mut beside, &mut of_beside)];
        if is_odd {
            block.reverse();
        }
        for (peer, tails) in block {
            let mut took = peer.ask(BLOCK, at_once)?;
            took.sort_unstable();
            tails.push(percentile(&took, 99));
        }
    }
    alone.close()?;
    beside.close()?;
    of_alone.sort_unstable();
    of_beside.sort_unstable();
    println!("{} {} {}", of_alone.len(), of_alone[of_alone.len() / 2], of_beside[of_beside.len() / 2]);
    Ok(())
}

fn percentile(sorted: &[Duration], part: usize) -> u128 {
    sorted[(sorted.len() * part / 100).min(sorted.len() - 1)].as_nanos()
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
    /// How many quick ones it was asked.
    asked: usize,
}

impl Peer {
    /// Asks `count` quick ones, `at_once` of them outstanding, and returns how long each took.
    fn ask(&mut self, count: usize, at_once: usize) -> Outcome<Vec<Duration>> {
        let mut out = Vec::with_capacity(256 * 1024);
        let mut took = Vec::with_capacity(count);
        let (mut first, mut next) = (0, at_once.min(count));
        // Every id is new on its connection: one that comes again would not be answered.
        let base = self.asked;
        self.asked += count;
        for id in 0..next {
            frame(&request(base + id, QUICK), &mut out);
        }
        let mut sent = vec![Instant::now(); count];
        loop {
            sent[first..next].fill(Instant::now());
            self.stream.write_all(&out)?;
            out.clear();
            first = next;
            // Every answer that has arrived is followed by the next request, all in one write.
            while out.is_empty() {
                loop {
                    let Some(id) = self.next_frame(id_of_answer)? else {
                        return Err("the client left".into());
                    };
                    if let Some(id) = id.filter(|id| *id != SLOW_ID) {
                        took.push(sent[id - base].elapsed());
                        if next < count {
                            frame(&request(base + next, QUICK), &mut out);
                            next += 1;
                        }
                    }
                    if !self.has_frame() {
                        break;
                    }
                }
                if took.len() == count {
                    return Ok(took);
                }
            }
        }
    }

    /// Says goodbye, and waits until the client is gone.
    fn close(&mut self) -> Outcome<()> {
        self.stream.write_all(&GOODBYE)?;
        while self.next_frame(|_| ())?.is_some() {}
        Ok(())
    }

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
