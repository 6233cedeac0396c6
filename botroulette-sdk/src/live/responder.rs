//! Who answers.

use std::sync::Arc;

use sdk_core::dispatch::{BoxFuture, panicked};
use sdk_core::error::{Error, Result, codes};

use super::incoming::Incoming;
use super::reply::Reply;

/// A bot that others call: it takes a request and returns the reply. A closure is one, and so is a struct with state.
///
/// Requests are answered beside each other, many at once, so `reply` takes `&self`; what it keeps stands behind a lock of its
/// own. Await whatever takes long. Code that *blocks its thread* holds up every other request and the tunnel itself; that
/// is noticed and reported, and [`blocking`] is for it.
///
/// ```
/// use botroulette_sdk::{Incoming, Reply, Responder, Result, responder};
///
/// struct Parrot;
///
/// impl Responder for Parrot {
///     async fn reply(&self, request: Incoming) -> Result<Reply> {
///         Ok(Reply::text(format!("{}!", request.message()?)))
///     }
/// }
///
/// // The same as a closure.
/// let parrot = responder(|request: Incoming| async move { Ok(format!("{}!", request.message()?)) });
/// # fn is_responder(_: impl Responder) {}
/// # is_responder(Parrot);
/// # is_responder(parrot);
/// ```
///
/// # Errors become honest answers
///
/// | what the responder does | what the caller gets |
/// |---|---|
/// | returns [`BAD_MESSAGE`](crate::codes::BAD_MESSAGE) (from [`Incoming::message`]) | 400, saying what is missing |
/// | returns an error of the kind `RateLimited` | 429, with `Retry-After` where the error has one |
/// | returns an error of the kind `Timeout`, or is over its deadline | 504 |
/// | returns any other error, or panics | 500 |
///
/// The body is JSON with the fields `error` and `reply`. It tells the kind of trouble, and never the error's own words: these
/// go to the bot's author, by event and log. For words to the caller there is [`Reply::error`].
pub trait Responder: Send + Sync + 'static {
    /// Answers a request.
    ///
    /// # Errors
    /// As in the table above.
    ///
    /// # Cancel safety
    /// The future is dropped when the request's deadline is over or its connection is lost: the answer would reach nobody.
    fn reply(&self, request: Incoming) -> impl Future<Output = Result<Reply>> + Send;

    /// Whether it answers every method and path by itself. By default it gets `POST /` and `POST /api/chat` alone, `GET
    /// /health` is answered for it, and everything else is refused with 404 or 405.
    fn takes_every_path(&self) -> bool {
        false
    }
}

impl<F, Fut, R> Responder for F
where
    F: Fn(Incoming) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R>> + Send,
    R: Into<Reply>,
{
    async fn reply(&self, request: Incoming) -> Result<Reply> {
        self(request).await.map(Into::into)
    }
}

/// A closure as a responder, with its types named, so that `?` works in it.
///
/// ```
/// use botroulette_sdk::{Incoming, responder};
///
/// let shouting = responder(|request: Incoming| async move { Ok(request.message()?.to_uppercase()) });
/// # fn is_responder(_: impl botroulette_sdk::Responder) {}
/// # is_responder(shouting);
/// ```
pub fn responder<F, Fut, R>(closure: F) -> F
where
    F: Fn(Incoming) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R>> + Send,
    R: Into<Reply>,
{
    closure
}

/// A closure that blocks its thread, as a responder: it runs on a thread of its own, so that it holds up neither the tunnel
/// nor other requests.
///
/// One that is over its deadline is answered for; its thread goes on until the closure returns. It needs a tokio runtime,
/// which allows 512 such threads unless set otherwise.
///
/// ```
/// use botroulette_sdk::{Incoming, blocking};
///
/// let slow = blocking(|request: Incoming| {
///     std::thread::sleep(std::time::Duration::from_millis(1)); // a model in this process, say
///     Ok(request.message()?.to_uppercase())
/// });
/// # fn is_responder(_: impl botroulette_sdk::Responder) {}
/// # is_responder(slow);
/// ```
pub fn blocking<F, R>(closure: F) -> Blocking<F>
where
    F: Fn(Incoming) -> Result<R> + Send + Sync + 'static,
    R: Into<Reply>,
{
    Blocking(Arc::new(closure))
}

/// A responder that runs on threads of its own, made by [`blocking`].
pub struct Blocking<F>(Arc<F>);

impl<F, R> Responder for Blocking<F>
where
    F: Fn(Incoming) -> Result<R> + Send + Sync + 'static,
    R: Into<Reply>,
{
    async fn reply(&self, request: Incoming) -> Result<Reply> {
        let closure = Arc::clone(&self.0);
        match tokio::task::spawn_blocking(move || closure(request).map(Into::into)).await {
            Ok(reply) => reply,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => Err(panicked(&*panic)),
                Err(error) => {
                    let what = "the runtime ended before the reply was made";
                    Err(Error::new(&codes::HANDLER_FAILED, what).with_source(error))
                }
            },
        }
    }
}

impl<F> std::fmt::Debug for Blocking<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Blocking")
    }
}

trait DynResponder: Send + Sync + 'static {
    fn reply(&self, request: Incoming) -> BoxFuture<'_, Result<Reply>>;
    fn takes_every_path(&self) -> bool;
}

impl<R: Responder> DynResponder for R {
    fn reply(&self, request: Incoming) -> BoxFuture<'_, Result<Reply>> {
        Box::pin(Responder::reply(self, request))
    }

    fn takes_every_path(&self) -> bool {
        Responder::takes_every_path(self)
    }
}

/// A responder that is chosen at run time. Cheap to clone; clones are the same responder.
///
/// ```
/// use botroulette_sdk::{BoxedResponder, Incoming};
///
/// fn choose(polite: bool) -> BoxedResponder {
///     if polite {
///         BoxedResponder::new(|_: Incoming| async { Ok("Good day.") })
///     } else {
///         BoxedResponder::new(|_: Incoming| async { Ok("Yo.") })
///     }
/// }
/// # choose(true);
/// ```
#[derive(Clone)]
pub struct BoxedResponder(Arc<dyn DynResponder>);

impl BoxedResponder {
    /// Boxes a responder.
    pub fn new(responder: impl Responder) -> Self {
        Self(Arc::new(responder))
    }
}

impl Responder for BoxedResponder {
    async fn reply(&self, request: Incoming) -> Result<Reply> {
        self.0.reply(request).await
    }

    fn takes_every_path(&self) -> bool {
        self.0.takes_every_path()
    }
}

impl std::fmt::Debug for BoxedResponder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BoxedResponder")
    }
}
