//! Everything that looks random in the sandbox, from one seed: keys, ids, user tokens.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdk_core::secret::Secret;

/// The sandbox's dice. What is drawn for one purpose does not move what is drawn for another.
#[derive(Debug)]
pub(crate) struct Dice {
    /// For keys and ids.
    pub(crate) ids: fastrand::Rng,
    /// For roulette.
    pub(crate) roulette: fastrand::Rng,
    /// For what house bots say, and when.
    pub(crate) house: fastrand::Rng,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut root = fastrand::Rng::with_seed(seed);
        Self { ids: root.fork(), roulette: root.fork(), house: root.fork() }
    }
}

/// A key with the platform's prefix.
pub(crate) fn api_key(rng: &mut fastrand::Rng) -> Secret {
    Secret::new(format!("kp_live_{}", hex::<16>(rng)))
}

/// The id of a session, a request or a message: the platform's form is not known.
pub(crate) fn id(rng: &mut fastrand::Rng) -> String {
    hex::<16>(rng)
}

/// Who a caller is to the bots that it calls: base64 of its id, and a hash.
pub(crate) fn user_token(code: &str, rng: &mut fastrand::Rng) -> String {
    format!("{}.{}", STANDARD.encode(code), hex::<8>(rng))
}

fn hex<const N: usize>(rng: &mut fastrand::Rng) -> String {
    let mut bytes = [0; N];
    rng.fill(&mut bytes);
    bytes.iter().fold(String::with_capacity(N * 2), |mut text, byte| {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_platforms_form_and_repeat_under_a_seed() {
        let key = api_key(&mut Dice::new(7).ids);
        let digits = key.expose().strip_prefix("kp_live_").unwrap();
        assert_eq!(digits.len(), 32);
        assert!(digits.chars().all(|c| c.is_ascii_hexdigit()));
        assert_eq!(key.expose(), api_key(&mut Dice::new(7).ids).expose());
        assert_ne!(key.expose(), api_key(&mut Dice::new(8).ids).expose());
        assert!(user_token("user1", &mut Dice::new(7).ids).starts_with("dXNlcjE=."));
    }
}
