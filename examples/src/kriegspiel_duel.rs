//! Two strategies and a referee in one process: no server, no network.

use std::sync::Arc;

use kriegspiel_sdk::Reply;
use kriegspiel_sdk::model::{EndReason, GameState, MoveAnswer};
use kriegspiel_sdk::runner::{check, fallback};
use kriegspiel_sdk::sandbox::referee::{Answer, Question, Referee};
use kriegspiel_sdk::sdk_core::wire;
use kriegspiel_sdk::{Action, BoxedStrategy, Color, GameStart, Position, Result, Ruleset, Strategy};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A game's id and code: everything is, and nobody asks.
const ID: &str = "67eb10247d7e92c4e2f9c456";
const CODE: &str = "K2Q9MJ";

/// How a game went.
#[derive(Debug, Clone, Serialize)]
pub struct Duel {
    /// Who won. `None`: nobody.
    pub winner: Option<Color>,
    /// Why it ended. `None`: it was stopped after so many plies.
    pub reason: Option<EndReason>,
    /// How many moves of both sides were done.
    pub plies: u32,
}

/// Plays a game to its end, or for so many plies.
///
/// A strategy that resigns loses; for one that chooses what cannot be asked, or waits, the fallback is played.
///
/// # Errors
/// A ruleset that the referee does not know, and a strategy's own.
pub async fn duel(
    ruleset: &Ruleset,
    number: u32,
    mut players: [BoxedStrategy; 2],
    plies: u32,
) -> Result<Duel> {
    let mut referee = Referee::new(ruleset.clone())?;
    let mut chance = fastrand::Rng::with_seed(u64::from(number));
    let mut seats = Vec::new();
    for (color, player) in Color::BOTH.into_iter().zip(&mut players) {
        let start = Arc::new(GameStart::new(number, ID.parse()?, CODE.parse()?, ruleset.clone(), color));
        player.on_game_start(&start);
        seats.push((color, Position::new(start, state(&referee, color)?)?, player));
    }
    while !referee.is_over() && referee.move_number() <= plies {
        let turn = referee.turn();
        let Some((color, position, player)) = seats.iter_mut().find(|(color, ..)| *color == turn) else {
            break;
        };
        position.update(state(&referee, *color)?)?;
        let chosen = player.choose(position).await?;
        let chosen = if check(position, chosen).is_ok() { chosen } else { fallback(position, &mut chance) };
        let question = match chosen {
            Action::Move(uci) => Question::Move(uci),
            Action::AskAny => Question::Any,
            Action::Resign => {
                referee.resign(*color);
                break;
            }
            _ => match fallback(position, &mut chance) {
                Action::Move(uci) => Question::Move(uci),
                _ => Question::Any,
            },
        };
        let answer = referee.ask(question);
        if let (Question::Move(uci), false) = (question, answer.is_move_done()) {
            position.refuse(uci);
        }
        player.on_answer(position, chosen, &reply(&referee, &answer)?);
    }
    let result = referee.result();
    Ok(Duel {
        winner: result.and_then(|result| result.winner),
        reason: result.map(|result| result.reason.clone()),
        plies: referee.move_number() - 1,
    })
}

/// What a player is shown, as the platform writes it.
fn state(referee: &Referee, color: Color) -> Result<GameState> {
    let over = referee.is_over();
    read(json!({
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
        "scoresheet": referee.scoresheet(color),
        "referee_log": [],
        "referee_turns": [],
        "result": referee.result(),
        "clock": {"white_remaining": 1500.0, "black_remaining": 1500.0, "active_color": referee.turn()},
    }))
}

fn reply(referee: &Referee, answer: &Answer) -> Result<Reply> {
    let answer: MoveAnswer = read(json!({
        "move_done": answer.is_move_done(),
        "announcement": answer.main,
        "special_announcement": answer.special,
        "checks": answer.checks,
        "capture_square": answer.capture_square,
        "captured_piece_announcement": answer.captured,
        "turn": referee.turn(),
        "game_over": referee.is_over(),
        "clock": {"white_remaining": 1500.0, "black_remaining": 1500.0, "active_color": null},
    }))?;
    Ok(Reply::Answer(Box::new(answer)))
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    wire::decode(&value.to_string(), "what the referee shows")
}
