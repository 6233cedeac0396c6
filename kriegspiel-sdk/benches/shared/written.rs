//! A game of chance, and its states as the platform writes them.

use kriegspiel_sdk::sandbox::referee::{Question, Referee};
use kriegspiel_sdk::{Color, Ruleset};
use serde_json::{Value, json};

use super::process::Outcome;

/// The id of every game here.
pub(crate) const ID: &str = "67eb10247d7e92c4e2f9c456";

/// A game that is always the same, after at least so many moves of both sides, with this side to move.
pub(crate) fn game(ruleset: &Ruleset, plies: u32, color: Color) -> Outcome<Referee> {
    for seed in 1.. {
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut referee = Referee::new(ruleset.clone())?;
        while !referee.is_over() && (referee.move_number() <= plies || referee.turn() != color) {
            tries(&mut referee, &mut chance);
        }
        // A game that was over before its middle is not counted.
        if !referee.is_over() {
            return Ok(referee);
        }
    }
    Err("every game ended too soon".into())
}

/// One question of the side to move, by chance.
pub(crate) fn tries(referee: &mut Referee, chance: &mut fastrand::Rng) {
    let turn = referee.turn();
    let any = referee.can_ask_any(turn) && chance.u8(..4) == 0;
    if let Some(uci) = chance.choice(referee.allowed(turn)).copied() {
        referee.ask(if any { Question::Any } else { Question::Move(uci) });
    }
}

/// A side's state.
pub(crate) fn state(referee: &Referee, color: Color) -> String {
    let sheet = referee.scoresheet(color);
    let log: Vec<Value> = sheet
        .entries()
        .map(|(turn, side, entry)| {
            json!({"ply": 2 * turn - u32::from(side == Color::White), "announcement": entry.message(),
                "special_announcement": null, "capture_square": null, "timestamp": null, "replay_fen": null})
        })
        .collect();
    let over = referee.is_over();
    let state = json!({
        "game_id": ID,
        "state": if over { "completed" } else { "active" },
        "turn": referee.turn(),
        "move_number": referee.move_number(),
        "your_color": color,
        "your_fen": if over { referee.fen() } else { referee.private_fen(color) },
        "allowed_moves": referee.allowed(color),
        "possible_actions": referee.possible_actions(color),
        "material_summary": referee.material(),
        "reserve_summary": referee.reserves(),
        "referee_turns": sheet.turns,
        "scoresheet": sheet,
        "referee_log": log,
        "result": referee.result(),
        "clock": {"white_remaining": 1402.25, "black_remaining": 1387.5, "active_color": referee.turn()},
    });
    state.to_string()
}
