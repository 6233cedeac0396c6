//! What went wrong with a WebSocket's HTTP upgrade, told in the same words as every other call.

use std::time::SystemTime;

use http::Method;
use url::Url;

use super::body;
use super::excerpt::Mask;
use super::failure::{self, Refusal, Target};
use crate::error::{Error, codes};
use crate::secret::Secret;

/// The upgrade of one socket, for its errors.
pub(crate) struct Upgrade {
    url: Url,
    target: Target,
    mask: Mask,
}

impl Upgrade {
    /// An upgrade at `url`. No secret of `secrets` is shown, even when the server repeats it.
    pub(crate) fn new(url: &Url, secrets: Vec<Secret>) -> Self {
        let mask = Mask::new(secrets);
        Self { target: Target::new(&Method::GET, url, &mask), url: url.clone(), mask }
    }

    /// It failed before an answer came. Nothing of the bot's was sent by then.
    pub(crate) fn failed(&self, error: reqwest::Error) -> Error {
        failure::transport(&self.target, error).with_sent(crate::Sent::No)
    }

    /// It was answered with something else than 101.
    pub(crate) async fn refused(&self, mut response: reqwest::Response) -> Error {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = body::read_refusal(&mut response, None).await;
        let refusal =
            Refusal { status, headers: &headers, body: &body, url: &self.url, now: SystemTime::now() };
        let error = refusal.into_error(&self.target, &self.mask).with_sent(crate::Sent::No);
        // A status without a meaning of its own says here that no WebSocket was opened.
        if *error.code() == codes::HTTP_STATUS { error.with_code(&codes::UPGRADE_REFUSED) } else { error }
    }
}
