//! Building a call, and carrying it out with its retries.

use std::fmt::{self, Display};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::body::{self, Broken};
use super::excerpt::Mask;
use super::failure::{self, Refusal, Target};
use super::retry::{Idempotency, Tries, Wait};
use super::{Http, Response, Stream, clamped};
use crate::error::{Error, Result, Sent};
use crate::secret::Secret;

/// These belong to the connection, and setting them could make one request look like two.
const OWN_HEADERS: [HeaderName; 5] = [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE];

/// One call, made by [`Http::get`] and its siblings. Nothing happens until it is sent. A mistake in its parts is told when it is
/// sent, and then nothing leaves.
#[must_use = "nothing happens until the request is sent"]
pub struct Request {
    http: Http,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
    idempotency: Idempotency,
    timeout: Duration,
    expected: Vec<u16>,
    mask: Mask,
    mistake: Option<Error>,
}

impl Request {
    pub(super) fn new(http: &Http, method: Method, url: Result<Url>) -> Self {
        let (url, mistake) = match url {
            Ok(url) => (url, None),
            Err(mistake) => (http.0.base.clone(), Some(mistake)),
        };
        let idempotency = if method == Method::GET { Idempotency::Safe } else { Idempotency::Never };
        Self {
            method,
            url,
            headers: http.0.headers.clone(),
            body: None,
            idempotency,
            timeout: http.0.timeout,
            expected: Vec::new(),
            mask: http.0.mask.clone(),
            mistake,
            http: http.clone(),
        }
    }

    /// Adds `name=value` to the query, encoded. The query is never shown in an error or a log.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        self.url.query_pairs_mut().append_pair(name, &value.to_string());
        self
    }

    /// [`query`](Request::query), where there is a value.
    pub fn query_opt(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sends a value as a JSON body. A value that cannot be serialised makes the call fail with
    /// [`INVALID_ARGUMENT`](crate::error::codes::INVALID_ARGUMENT).
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => {
                self.body = Some(body.into());
                self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                self
            }
            Err(error) => self.mistaken(
                Error::invalid_argument("body", "the body cannot be written as JSON").with_source(error),
            ),
        }
    }

    /// Sets a header. What no header may hold makes the call fail with
    /// [`INVALID_ARGUMENT`](crate::error::codes::INVALID_ARGUMENT), and so do the headers that belong to the connection:
    /// `Host`, `Connection`, `Content-Length`, `Transfer-Encoding` and `Upgrade`. For a secret there is
    /// [`secret_header`](Request::secret_header).
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) if !OWN_HEADERS.contains(&name) => {
                self.headers.insert(name, value);
                self
            }
            (Ok(name), Ok(_)) => self
                .mistaken(Error::invalid_argument("header", format!("`{name}` belongs to the connection"))),
            // Neither is shown: a value in the wrong place may be a secret.
            _ => self.mistaken(Error::invalid_argument("header", "this is not a header")),
        }
    }

    /// Sets a header that holds a secret: it is marked sensitive, and hidden wherever the server repeats it.
    pub fn secret_header(mut self, name: HeaderName, secret: &Secret) -> Self {
        match secret.header("") {
            Ok(value) => {
                self.headers.insert(name, value);
                self.mask.add(secret.clone());
                self
            }
            Err(mistake) => self.mistaken(mistake),
        }
    }

    /// Says whether the call may be sent twice. Default: [`Safe`](Idempotency::Safe) for GET,
    /// [`Never`](Idempotency::Never) for everything else.
    pub fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// How long the whole call may take, instead of the client's own timeout: all tries, the waits between them, and the
    /// answer's body. At most a day.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = clamped(timeout);
        self
    }

    /// The statuses that are a success for this call, instead of 200 to 299. Every other one is an error.
    pub fn expect(mut self, statuses: &[u16]) -> Self {
        self.expected = statuses.to_vec();
        self
    }

    fn mistaken(mut self, mistake: Error) -> Self {
        self.mistake.get_or_insert(mistake);
        self
    }

    /// Sends the call and reads the whole answer.
    ///
    /// # Errors
    /// As told in the [module](super#errors).
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up. It may have arrived all the same.
    pub async fn send(self) -> Result<Response> {
        self.run(true).await.map(|(response, _)| response)
    }

    /// Sends the call and decodes the answer from JSON.
    ///
    /// # Errors
    /// As [`send`](Request::send) and [`Response::json`].
    ///
    /// # Cancel safety
    /// As [`send`](Request::send).
    pub async fn send_json<T: DeserializeOwned>(self) -> Result<T> {
        self.run(true).await?.0.json()
    }

    /// Sends the call where the answer's status says everything. The body is not read, so a call that was carried out
    /// cannot fail by its body.
    ///
    /// # Errors
    /// As [`send`](Request::send).
    ///
    /// # Cancel safety
    /// As [`send`](Request::send).
    pub async fn send_empty(self) -> Result<()> {
        self.run(false).await.map(|_| ())
    }

    /// Sends the call, and gives its answer as soon as status and headers are there: the body is read as it comes. The
    /// call's timeout, retries and errors are those of [`send`](Request::send), and end where the body begins.
    ///
    /// # Errors
    /// As [`send`](Request::send).
    ///
    /// # Cancel safety
    /// As [`send`](Request::send).
    pub async fn open(self) -> Result<Stream> {
        self.run(false).await.map(|(head, body)| Stream::new(head, body))
    }

    /// The answer, and what is left of it on the wire.
    async fn run(mut self, with_body: bool) -> Result<(Response, reqwest::Response)> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        let target = Target::new(&self.method, &self.url, &self.mask);
        let start = Instant::now();
        let deadline = start + self.timeout;
        let mut tries = Tries::new(self.http.0.policy, self.idempotency);
        let outcome = loop {
            let error = match self.attempt(&target, deadline, with_body).await {
                Ok(response) => {
                    self.http.succeeded();
                    break Ok(response);
                }
                Err(error) => error,
            };
            let Some(wait) = self.http.failed(&mut tries, &error) else { break Err(error) };
            tracing::debug!(method = %target.method, path = %target.path, code = error.code().id(), "REST call is tried again");
            if !self.wait(wait, deadline).await {
                break Err(error);
            }
        };
        let (status, code) = match &outcome {
            Ok((response, _)) => (Some(response.status()), None),
            Err(error) => (error.status(), Some(error.code().id())),
        };
        tracing::debug!(
            method = %target.method,
            path = %target.path,
            status,
            code,
            failed_tries = tries.failed(),
            duration = ?start.elapsed(),
            "REST call"
        );
        outcome
    }

    /// Waits before the next try. `false`, at once, when that would be too late.
    async fn wait(&self, wait: Wait, deadline: Instant) -> bool {
        let clock = &self.http.0.clock;
        // Our own wait is a span of the clock's time; what the server asks is time as everybody lives it.
        let span = wait.backoff.max(clock.scaled_span(wait.asked));
        if Instant::now() + clock.real_span(span) >= deadline {
            return false;
        }
        timeout_at(deadline, clock.sleep(span)).await.is_ok()
    }

    async fn attempt(
        &self,
        target: &Target,
        deadline: Instant,
        with_body: bool,
    ) -> Result<(Response, reqwest::Response)> {
        let (deadline, allowed) = match self.http.0.policy.try_timeout(self.idempotency) {
            Some(timeout) if Instant::now() + timeout < deadline => (Instant::now() + timeout, timeout),
            _ => (deadline, self.timeout),
        };
        let mut response = match timeout_at(deadline, self.http.0.client.execute(self.build())).await {
            Err(_) => return Err(failure::timed_out(target, allowed)),
            Ok(Err(error)) => return Err(failure::transport(target, error)),
            Ok(Ok(response)) => response,
        };
        if *response.url() != self.url {
            return Err(failure::followed(target, &self.mask, response.url()));
        }
        let status = response.status();
        if !self.is_success(status.as_u16()) {
            let body = body::read_refusal(&mut response, Some(deadline)).await;
            let now = self.http.0.clock.system_now();
            let refusal = Refusal { status, headers: response.headers(), body: &body, url: &self.url, now };
            return Err(refusal.into_error(target, &self.mask));
        }
        let mut bytes = Bytes::new();
        if with_body {
            let limit = self.http.0.max_body;
            let read = body::read(&mut response, limit, deadline).await;
            bytes = match read.broken {
                None => read.bytes,
                Some(Broken::TooLarge) => return Err(failure::too_large(target, status, limit)),
                Some(Broken::Lost(error)) => return Err(failure::body_lost(target, status, error)),
                Some(Broken::TimedOut) => {
                    return Err(failure::timed_out(target, allowed)
                        .with_status(status.as_u16())
                        .with_sent(Sent::Yes));
                }
            };
        }
        let headers = std::mem::take(response.headers_mut());
        let answer =
            Response { status, headers, body: bytes, target: target.clone(), mask: self.mask.clone() };
        Ok((answer, response))
    }

    fn is_success(&self, status: u16) -> bool {
        if self.expected.is_empty() { (200..=299).contains(&status) } else { self.expected.contains(&status) }
    }

    /// The request of one try.
    fn build(&self) -> reqwest::Request {
        let mut request = reqwest::Request::new(self.method.clone(), self.url.clone());
        request.headers_mut().clone_from(&self.headers);
        *request.body_mut() = self.body.clone().map(Into::into);
        request
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("target", &format_args!("{}", Target::new(&self.method, &self.url, &self.mask)))
            .field("idempotency", &self.idempotency)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
