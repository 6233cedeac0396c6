//! The lines of server-sent events, bounded: bytes in, messages out.

use std::collections::VecDeque;

use sdk_core::error::{Error, Result, codes};

/// The most bytes that one message may have, with the line that is being read.
const MAX_MESSAGE: usize = 64 * 1024;

/// One message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Its type; `message` where none was sent.
    pub(super) event: String,
    /// Its text.
    pub(super) data: String,
}

/// Makes messages out of bytes, however they are cut.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    event: String,
    data: Option<String>,
    ready: VecDeque<Message>,
    /// The last byte was a CR, so an LF that follows ends nothing.
    after_cr: bool,
    first_line_read: bool,
}

impl Parser {
    /// Takes bytes. Comments, ids and retry hints are skipped.
    ///
    /// # Errors
    /// [`MESSAGE_TOO_LARGE`](codes::MESSAGE_TOO_LARGE): the stream cannot be read on.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<()> {
        for &byte in bytes {
            match byte {
                b'\n' if self.after_cr => self.after_cr = false,
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    self.take_line(&String::from_utf8_lossy(&line));
                }
                _ => {
                    self.after_cr = false;
                    self.line.push(byte);
                    let held = self.data.as_ref().map_or(0, String::len);
                    if self.line.len() + held > MAX_MESSAGE {
                        let message = format!("a server-sent event is larger than {MAX_MESSAGE} bytes");
                        return Err(Error::new(&codes::MESSAGE_TOO_LARGE, message));
                    }
                }
            }
        }
        Ok(())
    }

    /// The next whole message.
    pub(super) fn next(&mut self) -> Option<Message> {
        self.ready.pop_front()
    }

    fn take_line(&mut self, line: &str) {
        let line = if self.first_line_read { line } else { line.trim_start_matches('\u{feff}') };
        self.first_line_read = true;
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if let Some(data) = self.data.take() {
                let event = if event.is_empty() { "message".to_owned() } else { event };
                self.ready.push_back(Message { event, data });
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.event = value.to_owned(),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn messages(parser: &mut Parser) -> Vec<(String, String)> {
        std::iter::from_fn(|| parser.next()).map(|message| (message.event, message.data)).collect()
    }

    fn read(text: &str) -> Vec<(String, String)> {
        let mut parser = Parser::default();
        parser.push(text.as_bytes()).unwrap();
        messages(&mut parser)
    }

    fn expected(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(event, data)| ((*event).to_owned(), (*data).to_owned())).collect()
    }

    #[test]
    fn the_shapes_of_the_standard() {
        for (text, messages) in [
            ("event: a\ndata: {}\n\n", &[("a", "{}")][..]),
            ("data:x\n\ndata:  y\n\n", &[("message", "x"), ("message", " y")]),
            ("data: 1\ndata: 2\n\n", &[("message", "1\n2")]),
            ("\u{feff}event: a\r\ndata: 1\r\n\r\n: keepalive\r\n\r\n", &[("a", "1")]),
            ("event: a\rdata: 1\r\r", &[("a", "1")]),
            ("id: 7\nretry: 10\nwhat\ndata\n\n", &[("message", "")]),
            ("event: lost\n\ndata: 1\n\n", &[("message", "1")]),
            ("data: not ended", &[]),
            (": keepalive\n\n\n\n", &[]),
        ] {
            assert_eq!(read(text), expected(messages), "{text:?}");
        }
    }

    #[test]
    fn what_never_ends_is_refused() {
        let mut parser = Parser::default();
        assert_eq!(parser.push(&[b'x'; MAX_MESSAGE + 1]).unwrap_err().code(), &codes::MESSAGE_TOO_LARGE);
        let mut parser = Parser::default();
        let lines = format!("data: {}\n", "x".repeat(1_000)).repeat(66);
        assert_eq!(parser.push(lines.as_bytes()).unwrap_err().code(), &codes::MESSAGE_TOO_LARGE);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_are_cut(
            text in "(event: a|data: é|: c|\r|\n|\r\n|x){0,30}",
            cuts in proptest::collection::vec(0_usize..8, 0..30),
        ) {
            let mut parser = Parser::default();
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                parser.push(now).unwrap();
                rest = later;
            }
            parser.push(rest).unwrap();
            prop_assert_eq!(messages(&mut parser), read(&text));
        }
    }
}
