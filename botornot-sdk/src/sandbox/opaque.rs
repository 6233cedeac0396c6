//! Ids, tokens and handles: texts that mean nothing and repeat under a seed.

use fastrand::Rng;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Letters and digits, as in the spec's `test_x7YvQ` and `AbCd1234QwEr`.
pub(crate) fn opaque(rng: &mut Rng, length: usize) -> String {
    (0..length).filter_map(|_| rng.choice(LETTERS)).map(|letter| char::from(*letter)).collect()
}

/// Hexadecimal digits, as in the spec's `1a2b3c4d`.
pub(crate) fn hex(rng: &mut Rng, length: usize) -> String {
    (0..length).filter_map(|_| char::from_digit(rng.u32(0..16), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_have_their_length_and_repeat() {
        let text = opaque(&mut Rng::with_seed(7), 12);
        assert!(text.len() == 12 && text.chars().all(|c| c.is_ascii_alphanumeric()));
        assert_eq!(text, opaque(&mut Rng::with_seed(7), 12));
        let token = hex(&mut Rng::with_seed(7), 8);
        assert!(token.len() == 8 && token.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')));
    }
}
