//! Taunts. The spec has none; the platform's SDKs know these ids. The words are the sandbox's.

use super::messages::Problem;

/// The ids, and what the opponent reads.
pub(crate) const TAUNTS: [(&str, &str); 12] = [
    ("nice_move", "Nice move!"),
    ("going_down", "You're going down!"),
    ("gg", "Good game!"),
    ("lucky", "Lucky!"),
    ("calculated", "Calculated."),
    ("too_easy", "Too easy!"),
    ("bring_it", "Bring it on!"),
    ("not_bad", "Not bad!"),
    ("oops", "Oops!"),
    ("gl_hf", "Good luck, have fun!"),
    ("rematch", "Rematch?"),
    ("wp", "Well played!"),
];

/// The taunt with this id, and its words.
pub(crate) fn find(id: &str) -> Result<(&'static str, &'static str), Problem> {
    TAUNTS.into_iter().find(|(known, _)| *known == id).ok_or_else(|| {
        let ids: Vec<&str> = TAUNTS.iter().map(|(id, _)| *id).collect();
        Problem::new("unknown_taunt", format!("a taunt is one of {}", ids.join(", ")))
    })
}
