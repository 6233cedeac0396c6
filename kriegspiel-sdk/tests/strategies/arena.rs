//! Two strategies and a referee.

use std::sync::Arc;

use kriegspiel_sdk::Reply;
use kriegspiel_sdk::model::{GameState, MoveAnswer, SpecialAnnouncement};
use kriegspiel_sdk::runner::{ASKED_AGAIN, check};
use kriegspiel_sdk::sandbox::referee::{Answer, Question, Referee};
use kriegspiel_sdk::{Action, BoxedStrategy, Color, GameStart, Position, Ruleset, Strategy};
use serde_json::json;

/// What a player is shown.
pub(crate) fn state(referee: &Referee, color: Color) -> GameState {
    let over = referee.is_over();
    let sheet = serde_json::to_value(referee.scoresheet(color)).unwrap();
    let value = json!({
        "game_id": "67eb10247d7e92c4e2f9c456",
        "state": if over { "completed" } else { "active" },
        "turn": referee.turn(),
        "move_number": referee.move_number(),
        "your_color": color,
        "your_fen": if over { referee.fen() } else { referee.private_fen(color) },
        "allowed_moves": referee.allowed(color),
        "possible_actions": referee.possible_actions(color),
        "material_summary": referee.material(),
        "reserve_summary": referee.reserves(),
        "scoresheet": sheet,
        "referee_log": [],
        "referee_turns": [],
        "result": referee.result(),
        "clock": {"white_remaining": 1500.0, "black_remaining": 1500.0, "active_color": referee.turn()},
    });
    serde_json::from_value(value).unwrap()
}

fn reply(referee: &Referee, answer: &Answer) -> Reply {
    let value = json!({
        "move_done": answer.is_move_done(), "announcement": answer.main,
        "special_announcement": answer.special, "checks": answer.checks,
        "capture_square": answer.capture_square, "captured_piece_announcement": answer.captured,
        "turn": referee.turn(), "game_over": referee.is_over(),
        "clock": {"white_remaining": 1500.0, "black_remaining": 1500.0, "active_color": null},
    });
    let answer: MoveAnswer = serde_json::from_value(value).unwrap();
    Reply::Answer(Box::new(answer))
}

/// Plays a game to its end, or for so many plies. Returns the winner.
pub(crate) async fn play(
    ruleset: Ruleset,
    number: u32,
    mut players: [BoxedStrategy; 2],
    plies: u32,
) -> (Option<Color>, u32) {
    let mut referee = Referee::new(ruleset.clone()).unwrap();
    let mut positions: Vec<Position> = Vec::new();
    for (color, player) in Color::BOTH.into_iter().zip(&mut players) {
        let (id, code) = ("67eb10247d7e92c4e2f9c456".parse().unwrap(), "K2Q9MJ".parse().unwrap());
        let start = Arc::new(GameStart::new(number, id, code, ruleset.clone(), color));
        player.on_game_start(&start);
        positions.push(Position::new(start, state(&referee, color)).unwrap());
    }
    while !referee.is_over() && referee.move_number() <= plies {
        let color = referee.turn();
        let index = usize::from(color == Color::Black);
        let (player, position) = (&mut players[index], &mut positions[index]);
        position.update(state(&referee, color)).unwrap();
        let action = player.choose(position).await.unwrap();
        assert_eq!(check(position, action), Ok(()), "at most {ASKED_AGAIN} times, and here not once");
        let question = match action {
            Action::Move(uci) => Question::Move(uci),
            Action::AskAny => Question::Any,
            other => panic!("{other}"),
        };
        let answer = referee.ask(question);
        match action {
            Action::Move(uci) if !answer.is_move_done() => position.refuse(uci),
            _ => {}
        }
        player.on_answer(position, action, &reply(&referee, &answer));
        assert!(answer.special.as_ref().is_none_or(SpecialAnnouncement::is_known));
    }
    (referee.result().and_then(|result| result.winner), referee.move_number() - 1)
}
