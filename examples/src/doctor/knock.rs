//! Opens a WebSocket, perhaps shows a key, hears the first answer, and closes it again.

use std::time::Duration;

use botpit_sdk::sdk_core::backoff::BackoffPolicy;
use botpit_sdk::sdk_core::secret::Secret;
use botpit_sdk::sdk_core::shutdown::Shutdown;
use botpit_sdk::sdk_core::socket::{
    Consumer, Context, Dial, Drive, Driver, Lifecycle, Protocol, SocketOptions, Verdict,
};
use botpit_sdk::sdk_core::wire::Text;
use botpit_sdk::{Error, Result};
use tokio::sync::mpsc;
use url::Url;

use super::patient::PATIENCE;

/// What is said first, and whether an answer is waited for.
#[derive(Debug, Default)]
pub(super) struct Knock {
    /// The first frame. The first frame that comes back is the answer.
    pub(super) greeting: Option<Secret>,
    /// What must not be shown even when the server repeats it.
    pub(super) secrets: Vec<Secret>,
}

/// Knocks, and gives the answer to the greeting. Nothing else is sent, and the connection is closed in good order.
///
/// # Errors
/// When the WebSocket cannot be opened, or there is no answer.
pub(super) async fn knock(url: Url, knock: Knock) -> Result<Option<String>> {
    let mut options = SocketOptions::default();
    options.backoff = BackoffPolicy::default().with_max_attempts(Some(0));
    options.handshake_timeout = PATIENCE;
    options.greeting_timeout = PATIENCE;
    options.close_timeout = Duration::from_secs(1);
    let (heard, mut answer) = mpsc::unbounded_channel();
    let driver = Driver::new(Door { url, knock }, options)?;
    // As long as there is a sender, it is not closed before its time.
    let (_sender, commands) = mpsc::channel(1);
    Drive::new(driver, Heard(heard), commands, &Shutdown::new()).await?;
    Ok(answer.try_recv().ok())
}

struct Door {
    url: Url,
    knock: Knock,
}

impl Protocol for Door {
    type Event = String;
    type Command = ();

    fn dial(&mut self) -> Result<Dial> {
        let Knock { greeting, secrets } = &self.knock;
        let (greeting, secrets) = (greeting.clone(), secrets.clone());
        Ok(Dial { url: self.url.clone(), headers: Default::default(), greeting, secrets })
    }

    fn on_text(&mut self, text: Text, cx: &mut Context<'_, String>) {
        cx.ready();
        cx.emit(text.as_str().to_owned());
        cx.end(None);
    }

    fn on_binary(&mut self, _: axum::body::Bytes, cx: &mut Context<'_, String>) {
        cx.end(Some(Error::invalid_argument("frame", "the server began with a binary frame")));
    }

    fn on_command(&mut self, (): (), _: &mut Context<'_, String>) {}

    fn on_lifecycle(&mut self, lifecycle: Lifecycle<'_>, cx: &mut Context<'_, String>) {
        if matches!(lifecycle, Lifecycle::Opened) && self.knock.greeting.is_none() {
            cx.ready();
            cx.end(None);
        }
    }

    /// One knock, whatever comes of it.
    fn classify(&mut self, _: &Error, _: bool) -> Verdict {
        Verdict::Fatal
    }
}

struct Heard(mpsc::UnboundedSender<String>);

impl Consumer<Door> for Heard {
    fn on_event(&mut self, event: String, _: &mut Driver<Door>, _: &mut std::task::Context<'_>) {
        // Who asked is there until the drive ends.
        let _ = self.0.send(event);
    }
}
