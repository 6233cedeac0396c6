//! The platform's side, by hand over a blocking socket: it must cost as little as possible, and nothing of the SDK's.
//!
//! The request's path says what is played: `/turns/COUNT/MATCHES`, `/flood/COUNT`, `/idle`.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::Outcome;
use crate::process::Usage;
use crate::script::{MatchId, ROUNDS, Script, seeds};

/// So many matches are open in a flood.
const FLOOD_MATCHES: usize = 8;
/// A close frame with code 1000.
const GOODBYE: [u8; 4] = [0x88, 2, 0x03, 0xe8];

/// Serves until standard input ends, which it does with the process that started this one.
pub(crate) fn serve() -> Outcome<()> {
    // Made before anything is measured.
    seeds();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    thread::Builder::new().spawn(move || {
        for stream in listener.incoming().flatten() {
            // A thread for each of a thousand idle connections: their stacks are small.
            let served = thread::Builder::new().stack_size(128 * 1024).spawn(move || {
                if let Err(error) = converse(stream) {
                    eprintln!("turn_loop: the server lost a client: {error}");
                }
            });
            if let Err(error) = served {
                eprintln!("turn_loop: the server cannot start a thread: {error}");
            }
        }
    })?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn converse(stream: TcpStream) -> Outcome<()> {
    stream.set_nodelay(true)?;
    let mut peer = Peer { stream, read: vec![0; 512], filled: 0, taken: 0 };
    let path = peer.upgrade()?;
    let script = Script::new();
    if peer.next_frame(|_| ())?.is_none() {
        return Ok(());
    }
    let mut out = Vec::new();
    script.authenticated.append(&MatchId::new(0, 0), &mut out);
    peer.stream.write_all(&out)?;
    let began = Usage::now();
    let mut parts = path.split('/').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (Some("turns"), Some(count), Some(matches)) => {
            turns(&mut peer, &script, count.parse()?, matches.parse()?)?;
        }
        (Some("flood"), Some(count), None) => flood(&mut peer, &script, count.parse()?)?,
        (Some("idle"), None, None) => return peer.until_gone(),
        _ => return Err(format!("nothing is played at {path}").into()),
    }
    let used = began.elapsed();
    // Who started this process waits for one such line after each client.
    println!("{}", used.cpu.unwrap_or_default().as_nanos());
    peer.stream.write_all(&GOODBYE)?;
    peer.until_gone()
}

/// Plays matches until `count` turns have been answered, one turn outstanding in each of `matches`.
fn turns(peer: &mut Peer, script: &Script, count: u64, matches: usize) -> Outcome<()> {
    peer.read.resize(64 * 1024, 0);
    let mut serial = 0;
    let mut begin = |slot: usize, out: &mut Vec<u8>| {
        serial += 1;
        let id = MatchId::new(slot, serial);
        for frame in [&script.match_found, &script.game_start, &script.your_turn[0]] {
            frame.append(&id, out);
        }
        id
    };
    let mut out = Vec::with_capacity(64 * 1024);
    let mut open: Vec<(MatchId, usize)> = (0..matches).map(|slot| (begin(slot, &mut out), 0)).collect();
    let (mut left, mut playing) = (count, matches);
    peer.stream.write_all(&out)?;
    while playing > 0 {
        out.clear();
        let mut answer = |slot: usize| {
            let Some((id, round)) = open.get_mut(slot) else { return };
            left = left.saturating_sub(1);
            script.round_result[*round].append(id, &mut out);
            *round += 1;
            if let Some(turn) = script.your_turn.get(*round) {
                turn.append(id, &mut out);
                return;
            }
            script.game_over.append(id, &mut out);
            if left >= u64::from(ROUNDS) {
                *id = begin(slot, &mut out);
                *round = 0;
            } else {
                playing -= 1;
            }
        };
        // Every move that has arrived is answered in one write.
        loop {
            match peer.next_frame(slot_of_move)? {
                Some(Some(slot)) => answer(slot),
                Some(None) => {}
                None => return Err("the client left in the middle of a match".into()),
            }
            if !peer.has_frame() {
                break;
            }
        }
        peer.stream.write_all(&out)?;
    }
    Ok(())
}

/// The match that a `make_move` is for.
fn slot_of_move(payload: &[u8]) -> Option<usize> {
    const HEAD: &[u8] = br#"{"type":"make_move","match_id":""#;
    let id = payload.strip_prefix(HEAD)?.get(..MatchId::LEN)?;
    MatchId::slot_of(id)
}

/// `count` frames that want no answer, as fast as the client takes them.
fn flood(peer: &mut Peer, script: &Script, count: u64) -> Outcome<()> {
    let ids: Vec<MatchId> = (0..FLOOD_MATCHES).map(|slot| MatchId::new(slot, slot as u64)).collect();
    let mut out = Vec::with_capacity(64 * 1024);
    for id in &ids {
        script.match_found.append(id, &mut out);
        script.game_start.append(id, &mut out);
    }
    let mut kinds = (0..ROUNDS as usize)
        .flat_map(|round| ids.iter().map(move |id| (id, round)))
        .flat_map(|(id, round)| [(id, &script.opponent_moved[round]), (id, &script.round_result[round])])
        .cycle();
    for _ in 0..count {
        if let Some((id, frame)) = kinds.next() {
            if out.len() + frame.len() > out.capacity() {
                peer.stream.write_all(&out)?;
                out.clear();
            }
            frame.append(id, &mut out);
        }
    }
    for id in &ids {
        script.game_over.append(id, &mut out);
    }
    peer.stream.write_all(&out)?;
    Ok(())
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
        let mut request = Vec::new();
        let end = loop {
            if let Some(at) = request.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            let count = self.stream.read(&mut self.read)?;
            if count == 0 {
                return Err("the client left before the upgrade".into());
            }
            request.extend_from_slice(&self.read[..count]);
        };
        // The first frame may have come with the request.
        let rest = request.split_off(end);
        self.filled = rest.len();
        self.read[..rest.len()].copy_from_slice(&rest);
        let text = String::from_utf8(request)?;
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

    fn until_gone(&mut self) -> Outcome<()> {
        while self.next_frame(|_| ())?.is_some() {}
        // It may be gone already.
        let _ = self.stream.shutdown(Shutdown::Both);
        Ok(())
    }
}
