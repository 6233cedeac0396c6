//! The `sandbox` command as a child process, and hand-written HTTP and WebSocket to talk to it.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "each test program uses its part, and these are tests"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use family_tests::programs::program;
use serde_json::Value;

/// Nothing takes longer than this.
pub const LIMIT: Duration = Duration::from_secs(30);
/// How often something that happens in another process is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// The command, until it is dropped.
pub struct Served {
    child: Child,
    /// Its first line as it was printed.
    pub first: String,
    /// The same as JSON.
    pub line: Value,
}

impl Served {
    /// Starts it, and reads its first line.
    pub fn start(arguments: &[&str]) -> Self {
        Self::try_start(arguments).expect("the sandbox command starts")
    }

    /// The same on free ports.
    pub fn anywhere(arguments: &[&str]) -> Self {
        Self::start(&[arguments, &["--port", "0"]].concat())
    }

    /// `None` when it ended without a word.
    pub fn try_start(arguments: &[&str]) -> Option<Self> {
        let mut child =
            program("sandbox", arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        match serde_json::from_str(&first) {
            Ok(line) => Some(Self { child, first, line }),
            Err(_) => {
                child.wait().unwrap();
                None
            }
        }
    }

    /// A text of the line, such as `botpit`, `rest`.
    pub fn text(&self, platform: &str, field: &str) -> &str {
        self.line[platform][field].as_str().unwrap_or_else(|| panic!("{platform} {field}: {}", self.first))
    }

    /// A key of the line.
    pub fn key(&self, platform: &str, index: usize) -> &str {
        self.line[platform]["keys"][index].as_str().unwrap()
    }

    /// `127.0.0.1:PORT` of a platform, or of the status page.
    pub fn address(&self, what: &str) -> &str {
        let url =
            if what == "status" { self.line["status"].as_str().unwrap() } else { self.text(what, "rest") };
        url.strip_prefix("http://").unwrap()
    }

    /// Every key of every platform.
    pub fn keys(&self) -> Vec<String> {
        let platforms =
            ["botpit", "botornot", "botroulette", "kriegspiel"].map(|name| &self.line[name]["keys"]);
        let keys = platforms.into_iter().filter_map(Value::as_array).flatten();
        keys.map(|key| key.as_str().unwrap().to_owned()).collect()
    }

    /// A request to a platform or the status page.
    pub fn ask(&self, what: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        ask(self.address(what), method, path, headers, body)
    }

    /// A button of the status page.
    pub fn press(&self, path: &str, form: &str) -> Answer {
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        let pressed = self.ask("status", "POST", path, &kind, form);
        assert_eq!(pressed.status, 303, "{}", pressed.body);
        pressed
    }

    /// The page, once it shows this.
    #[track_caller]
    pub fn page_with(&self, words: &str) -> String {
        let began = Instant::now();
        loop {
            let page = self.ask("status", "GET", "/", &[], "").body;
            if page.contains(words) {
                return page;
            }
            assert!(began.elapsed() < LIMIT, "{words} is not in {page}");
            std::thread::sleep(LOOK);
        }
    }

    /// Sends a signal, and gives the exit code and what was on stderr.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let began = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            assert!(began.elapsed() < LIMIT, "it does not end");
            std::thread::sleep(LOOK);
        };
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (code, stderr)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.body))
    }

    /// A header's value, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A request by hand, with one connection to itself.
pub fn ask(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let host = headers.iter().find(|(name, _)| *name == "Host").map_or(address, |(_, host)| host);
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers.iter().filter(|(name, _)| *name != "Host") {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A reset ends an answer too.
    let _ = socket.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer.as_str(), ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// A WebSocket by hand: RFC 6455 with a fixed key and mask.
pub struct Socket(TcpStream);

impl Socket {
    /// Opens it.
    pub fn open(url: &str) -> Self {
        let rest = url.strip_prefix("ws://").unwrap();
        let (address, path) = rest.split_once('/').unwrap();
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(LIMIT)).unwrap();
        let request = format!(
            "GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        socket.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            socket.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        // The accept key that the RFC computes for this one.
        assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        Self(socket)
    }

    /// Sends a text in one masked frame.
    pub fn say(&mut self, message: &Value) {
        self.say_text(&message.to_string());
    }

    /// The same for any text.
    pub fn say_text(&mut self, text: &str) {
        const MASK: [u8; 4] = [1, 2, 3, 4];
        let mut frame = vec![0x81];
        match text.len() {
            length @ 0..=125 => frame.push(0x80 | u8::try_from(length).unwrap()),
            length => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        frame.extend(MASK);
        frame.extend(text.bytes().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.0.write_all(&frame).unwrap();
    }

    /// The next frame: its first byte and payload. `None` when the connection is over.
    pub fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).ok()?;
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.0.read_exact(&mut length).ok()?;
                usize::from(u16::from_be_bytes(length))
            }
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).ok()?;
        Some((head[0], payload))
    }

    /// The next text as JSON.
    #[track_caller]
    pub fn hear(&mut self) -> Value {
        match self.frame() {
            Some((0x81, payload)) => serde_json::from_slice(&payload).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The next text in which the field is this, others passed by.
    #[track_caller]
    pub fn until(&mut self, field: &str, value: &str) -> Value {
        loop {
            let heard = self.hear();
            if heard[field] == value {
                return heard;
            }
        }
    }
}
