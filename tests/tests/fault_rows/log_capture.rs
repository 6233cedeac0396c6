//! What a bot logs, test by test: each runs on a thread of its own.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use tracing_subscriber::filter::LevelFilter;

thread_local! {
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Begins to log, at WARN, as a bot that was not asked for more. It comes before the first event of the process: what was
/// logged to nobody before may stay unheard.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(LevelFilter::WARN)
            .with_writer(|| ThisThread)
            .init();
    });
}

/// The log of this thread, from its making on.
pub(crate) struct Log;

impl Log {
    pub(crate) fn of_this_thread() -> Self {
        install();
        LINES.set(Some(Vec::new()));
        Self
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(LINES.with_borrow(|lines| lines.clone()).unwrap()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LINES.set(None);
    }
}

struct ThisThread;

impl io::Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| {
            if let Some(lines) = lines {
                lines.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
