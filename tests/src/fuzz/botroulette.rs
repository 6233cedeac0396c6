//! BotRoulette: frames of the tunnel, bodies of the REST side, the words of strangers.

use botroulette_sdk::model::frame::{AuthOk, FrameId, TunnelRequest, error_words};
use botroulette_sdk::model::{Bot, RegisterOptions, Registered, UserToken, check_name};
use botroulette_sdk::{Incoming, SecretFilter, Untrusted};
use sdk_core::wire;
use serde_json::value::RawValue;

use super::tried;

/// Takes bytes as what the relay, the platform and other bots send.
pub fn botroulette(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let filter = SecretFilter::new();
    for part in text.lines().chain([&*text]) {
        let _ = tried(AuthOk::decode(part)).map(|read| format!("{read:?}"));
        let _ = error_words(part);
        match TunnelRequest::decode(part) {
            Ok(request) => {
                let _ = format!("{request:?}");
            }
            Err(bad) => {
                assert!((400..500).contains(&bad.status), "{}", bad.status);
                super::shown(&bad.error);
            }
        }
        if let Ok(raw) = serde_json::from_str::<&RawValue>(part)
            && let Some(id) = tried(FrameId::read(raw))
        {
            // It goes back as it came.
            assert_eq!(id.as_json(), raw.get());
        }
        let incoming = Incoming::new(part);
        let _ =
            (tried(incoming.message()), incoming.session(), incoming.user_token(), incoming.privacy_level());
        let _ = format!("{:?} {incoming:?}", UserToken::from(part));
        let _ = tried(Registered::decode(part.as_bytes()));
        let _ = tried(wire::decode::<RegisterOptions>(part, "options"));
        let _ = tried(wire::decode::<Bot>(part, "bot"));
        let _ = check_name(part);
        words(part, &filter);
    }
}

fn words(text: &str, filter: &SecretFilter) {
    const MOST: usize = 50;
    let strange = Untrusted::new(text);
    assert!(strange.capped(MOST).text().chars().count() <= MOST);
    let _ = (strange.to_string(), strange.fenced());
    // What was hidden once has nothing more to hide.
    let hidden = filter.hide(text).into_owned();
    assert_eq!(filter.hide(&hidden), hidden, "{text:?}");
}
