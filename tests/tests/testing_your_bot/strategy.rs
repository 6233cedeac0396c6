//! The bot: what it decides, and nothing else. `main.rs` gives it a client.

use botpit_sdk::GameTurn;
use botpit_sdk::games::rps::{Choice, Rps};

/// What to show in this round: what beats the opponent's last.
pub fn choose(turn: &GameTurn<Rps>) -> Choice {
    let last = turn.state.history.last().and_then(|round| round.theirs(turn.side));
    last.map_or(Choice::Paper, Choice::beaten_by)
}
