//! Everything that looks random in the sandbox, from one seed: ids, codes, tokens.

use sdk_core::sandbox::{Dialect, Seed, magic};
use sdk_core::secret::Secret;

/// The streams of random numbers, one for each subject.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    pub(super) ids: fastrand::Rng,
    pub(super) codes: fastrand::Rng,
    pub(super) colors: fastrand::Rng,
    pub(super) house: fastrand::Rng,
}

impl Streams {
    pub(super) fn new(seed: Seed) -> Self {
        Self {
            ids: seed.stream("ids"),
            codes: seed.stream("codes"),
            colors: seed.stream("colors"),
            house: seed.stream("house"),
        }
    }
}

const CODE_LETTERS: &[u8] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
const SECRET_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const HEX: &[u8] = b"0123456789abcdef";

fn letters(rng: &mut fastrand::Rng, alphabet: &[u8], count: usize) -> String {
    (0..count).filter_map(|_| rng.choice(alphabet).map(|byte| char::from(*byte))).collect()
}

/// 24 hexadecimal digits.
pub(super) fn object_id(rng: &mut fastrand::Rng) -> String {
    letters(rng, HEX, 24)
}

/// Six letters and digits that are not mistaken for one another.
pub(super) fn game_code(rng: &mut fastrand::Rng) -> String {
    letters(rng, CODE_LETTERS, 6)
}

/// A human's session.
pub(super) fn session(rng: &mut fastrand::Rng) -> Secret {
    Secret::new(letters(rng, HEX, 64))
}

/// A bot's token: its id, and the whole. Magic words of the bot's name stand in its secret part, so that the faults that
/// they ask for meet the bot's own requests.
pub(super) fn token(rng: &mut fastrand::Rng, name: &str) -> (String, Secret) {
    let id = letters(rng, HEX, 16);
    let words = if has_magic(name) { name } else { "" };
    let padding = letters(rng, SECRET_LETTERS, 32_usize.saturating_sub(words.len() + 1).max(8));
    let separator = if words.is_empty() { letters(rng, SECRET_LETTERS, 1) } else { "-".to_owned() };
    let token = Secret::new(format!("ksbot_{id}.{words}{separator}{padding}"));
    (id, token)
}

/// Whether a name or token holds a magic word.
pub(super) fn has_magic(text: &str) -> bool {
    magic::is_revoked(text) || !magic::orders_in(text, &Dialect::default()).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GameCode, GameId};

    #[test]
    fn ids_codes_and_tokens_have_the_platform_s_form() {
        let mut rng = Seed(7).stream("ids");
        for _ in 0..100 {
            object_id(&mut rng).parse::<GameId>().unwrap();
            game_code(&mut rng).parse::<GameCode>().unwrap();
            let (id, token) = token(&mut rng, "randobot");
            let (head, secret) = token.expose().split_once('.').unwrap();
            assert_eq!(head, format!("ksbot_{id}"));
            assert_eq!((id.len(), secret.len()), (16, 32));
        }
        let (_, token) = token(&mut rng, "rocky_faultHtml503");
        assert!(has_magic(token.expose()));
        assert!(!has_magic("ksbot_0000000000000001.faultline"));
    }
}
