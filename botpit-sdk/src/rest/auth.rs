//! What a wallet proves: the signature of every changing call, and the dashboard's token (spec, "Authentication").

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sdk_core::error::{Error, Result, Sent};
use sdk_core::http::Request;
use sdk_core::secret::Secret;

use super::{Rest, below_api};
use crate::model::{AuthToken, SignedMessage, Verb};
use crate::signer::{self, Signer};

/// How far this machine's clock may be from the server's before a refused signature is put down to it. What the platform
/// itself allows is not documented.
pub const MAX_CLOCK_SKEW: Duration = Duration::from_secs(30);

impl Rest {
    /// Exchanges a wallet signature for a JWT of the web dashboard (spec, `POST /api/v1/auth/token`). No documented call takes
    /// it; it is here for what the dashboard can do beyond the documentation.
    ///
    /// ```no_run
    /// # async fn example(rest: botpit_sdk::Rest, wallet: &impl botpit_sdk::Signer) -> botpit_sdk::Result<()> {
    /// let token = rest.auth_token(wallet).await?;
    /// println!("{token:?}"); // [redacted]
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the signer, the network or the platform says. No error shows the answer's text.
    ///
    /// # Cancel safety
    /// Dropping the future gives the call up.
    pub async fn auth_token(&self, signer: &impl Signer) -> Result<Secret> {
        let signed = self.sign(Verb::Auth, signer).await?;
        let request = self.http.post(&below_api(&["auth", "token"])).json(&signed);
        let body = self.secret_answer(request).await?;
        AuthToken::decode(&body).map(|answer| answer.token).map_err(|error| error.with_sent(Sent::Yes))
    }

    /// A signature for a call that is about to be sent.
    pub(super) async fn sign(&self, verb: Verb, signer: &impl Signer) -> Result<SignedMessage> {
        let since = self.clock.system_now().duration_since(UNIX_EPOCH);
        let now = since.map_err(|_| Error::invalid_config("clock", "the clock is before 1970"))?.as_secs();
        signer::sign(signer, verb, now).await
    }

    /// Sends a signed call whose answer holds a secret. Nothing of the body gets into an error.
    pub(super) async fn secret_answer(&self, request: Request) -> Result<bytes::Bytes> {
        match request.send().await {
            Ok(response) => Ok(response.body().clone()),
            Err(error) => Err(self.refused(error).without_body()),
        }
    }

    /// What is known of why a signed call failed.
    pub(super) fn refused(&self, error: Error) -> Error {
        let Some(server) = error.server_time() else { return error };
        if !matches!(error.status(), Some(400 | 401 | 403)) {
            return error;
        }
        match skew(self.clock.system_now(), server) {
            Some(skew) => error.with_note(&skew),
            None => error,
        }
    }
}

/// How this machine's clock differs from the server's, where that may matter.
fn skew(ours: SystemTime, server: SystemTime) -> Option<String> {
    let (seconds, direction) = match ours.duration_since(server) {
        Ok(ahead) => (ahead.as_secs(), "ahead of"),
        Err(behind) => (behind.duration().as_secs(), "behind"),
    };
    (seconds > MAX_CLOCK_SKEW.as_secs()).then(|| {
        format!(
            "this machine's clock is {seconds} s {direction} the server's, and the signed message holds its time: set the \
             clock, and try again"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_told_to_be_wrong_beyond_the_limit_only() {
        let server = UNIX_EPOCH + Duration::from_secs(1_709_500_000);
        for (seconds, told) in [
            (0_i64, None),
            (30, None),
            (-30, None),
            (31, Some("31 s ahead of")),
            (-400, Some("400 s behind")),
        ] {
            let span = Duration::from_secs(seconds.unsigned_abs());
            let ours = if seconds < 0 { server - span } else { server + span };
            match (skew(ours, server), told) {
                (None, None) => {}
                (Some(skew), Some(told)) => assert!(skew.contains(told), "{skew}"),
                (skew, told) => panic!("{seconds}: {skew:?} instead of {told:?}"),
            }
        }
    }
}
